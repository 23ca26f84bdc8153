"""Which dialogues are held out: by the dialogue's id, so that the choice never moves."""

import zlib

HELD_OUT_SHARE = 0.1


def is_held_out(dialogue_id: str) -> bool:
    """Say whether a dialogue is kept from training for the figures."""
    return zlib.crc32(dialogue_id.encode()) % 1000 < HELD_OUT_SHARE * 1000
