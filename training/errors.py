"""The one kind of error of this room: a sentence for who trains."""


class TrainingError(Exception):
    """Says in one sentence what is wrong and what to do about it."""
