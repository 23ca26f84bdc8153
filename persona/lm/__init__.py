"""Token ids in, token ids out; nothing here knows of text."""
