"""The room the visitor sees; the only one that knows all the others."""
