"""One file a command of `python -m app`; the file's name is the command's name."""
