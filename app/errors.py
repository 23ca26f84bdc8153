"""The errors of this room: a sentence for the visitor."""


class AppError(Exception):
    """Says in one sentence what is wrong and what to do about it."""


class DiskError(AppError):
    """The history's file cannot be read or written, whatever was asked of it."""
