"""What went wrong in a bench, in one sentence that says what to do."""


class BenchError(Exception):
    """Says what went wrong and what to do about it."""
