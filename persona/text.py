"""Makes what a visitor typed into text that can be kept: NFC, and nothing invisible around it."""

import unicodedata

# Joiners and variation selectors hold emoji together, so they stay inside a text.
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"
_INVISIBLE = "\u200b\u2060\ufeff\u00ad\u180e\u3164\uffa0\u115f\u1160" + _JOINERS


def clean(text: str) -> str:
    """Give the text in NFC, without lone surrogates and control characters, trimmed."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")
    normal = unicodedata.normalize("NFC", whole.replace("\r\n", "\n").replace("\r", "\n"))
    kept = "".join(c for c in normal if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
    return kept.strip().strip("\u200b\u2060\ufeff").strip()


def is_blank(text: str) -> bool:
    """Say whether nothing of the text can be seen."""
    return not any(
        not c.isspace() and c not in _INVISIBLE and unicodedata.category(c) not in ("Cc", "Cf")
        for c in text
    )
