"""Writes a sentence as somebody else would type it: slips, no spaces, another ending, ㅋㅋ."""

import random
import unicodedata

from training.banmal import to_banmal

_TAILS = ("ㅋㅋ", "ㅋㅋㅋ", "ㅠㅠ", "ㅎㅎ", "..", "!", "~", "ㅜ")
_MARKS = ".!?~… "
# Endings that become polite by 요 alone.
_PLAIN = ("어", "아", "지", "네", "해", "야", "래", "까", "데", "걸", "돼", "여", "와", "줘", "든")
# Medial vowels that are mistaken for each other, by ear or by the key beside.
_MISTAKEN = str.maketrans("ᅢᅦᅬᅫᅰᅧᅥᆻᆺ", "ᅦᅢᅫᅬᅬᅥᅧᆺᆻ")


def noised(text: str, dice: random.Random) -> str:
    """Give a copy of a sentence that means the same."""
    if dice.random() < 0.5:
        text = other_level(text)
    if dice.random() < 0.5:
        text = with_slip(text, dice)
    if dice.random() < 0.5:
        text = "".join(c for c in text if c != " " or dice.random() < 0.4)
    if dice.random() < 0.4:
        text = text.rstrip(_MARKS) + dice.choice(_TAILS)
    return text


def other_level(text: str) -> str:
    """Give a polite sentence in 반말 and a plain one in 존댓말, where a rule knows how."""
    plain = to_banmal(text)
    if plain and plain != text:
        return plain
    bare = text.rstrip(_MARKS)
    return f"{bare}요{text[len(bare) :]}" if bare.endswith(_PLAIN) else text


def with_slip(text: str, dice: random.Random) -> str:
    """Give the text with one letter mistaken, doubled, dropped or out of its place."""
    if len(text) < 4:
        return text
    place = dice.randrange(len(text) - 1)
    before, here, after = text[:place], text[place], text[place + 1 :]
    jamo = unicodedata.normalize("NFD", here)
    other = unicodedata.normalize("NFC", jamo.translate(_MISTAKEN))
    if other != here:
        return before + other + after
    if len(jamo) == 3 and dice.random() < 0.5:  # the final consonant is not typed
        return before + unicodedata.normalize("NFC", jamo[:2]) + after
    if dice.random() < 0.5:
        return before + after
    return before + after[0] + here + after[1:]
