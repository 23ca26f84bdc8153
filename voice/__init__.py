"""Sound in, text out; text in, sound out."""
