"""Tells the speech level of Korean sentences from their last morphemes, as kiwipiepy reads them.

This is the judge of `training check`. `persona.speech_level` is the quick rule of a running
conversation, which loads nothing; both cut replies and know bare words alike.
"""

import re
from collections.abc import Iterable, Sequence

from kiwipiepy import Kiwi, Token

from persona.speech_level import BANMAL, JONDAEMAL, PLAIN_WORDS, POLITE_WORDS, sentences

# What somebody else said, or a card reads, shows nothing of the speaker: a noun stands for it.
_QUOTED = re.compile("\"[^\"]*\"|'[^']*'|“[^”]*”|‘[^’]*’")
_NOUN = "그것"
_POLITE = re.compile("(요|죠|.여|ᆸ니다|습니다|ᆸ니까|습니까|슴다|ᆸ시다|읍시다|시오|소서)$")
# 먹었음, 지각함, 일찍 자기: notes that are made in both levels.
_NOMINAL = ("음", "ᆷ", "기")
_PLAIN_PRONOUNS = ("나", "너")
_HUMBLE_PRONOUNS = ("저", "저희")


class Endings:
    """Reads endings; building one loads the analyser's model, which takes seconds."""

    def __init__(self) -> None:
        self._kiwi = Kiwi(num_workers=1)

    def levels(self, texts: Iterable[str]) -> list[str | None]:
        """Give for each sentence the level that it shows, or None where it shows none."""
        unquoted = [_QUOTED.sub(_NOUN, text) for text in texts]
        read = self._kiwi.tokenize(unquoted)
        return [_level(text, tokens) for text, tokens in zip(unquoted, read, strict=True)]

    def keep(self, replies: Sequence[str], level: str) -> list[bool]:
        """Say for each reply whether none of its sentences speaks in the other level."""
        cut = [sentences(_QUOTED.sub(_NOUN, reply)) for reply in replies]
        found = iter(self.levels(sentence for each in cut for sentence in each))
        return [{next(found) for _ in each} <= {level, None} for each in cut]


def _level(text: str, tokens: Sequence[Token]) -> str | None:
    bare = "".join(sentences(text))
    if bare in POLITE_WORDS or bare in PLAIN_WORDS:
        return JONDAEMAL if bare in POLITE_WORDS else BANMAL
    # Marks and ㅋㅋ (S..), a playful last consonant (Z_CODA) and 뭐 (IC) stand behind the ending.
    said = [t for t in tokens if not t.tag.startswith(("S", "Z"))]
    if not said:
        return None
    if said[-1].tag in ("JX", "MM", "IC") and said[-1].form.endswith("요"):
        return JONDAEMAL
    # An ending may stand before what it is about: "정말 예뻐요 그 옷".
    final = [t.form for t in said if _closes(t)]
    if final:
        return _of_ending(final[-1])
    words = [t for t in said if t.tag != "IC"]
    # A clause left open is 반말 where 요 could have closed it: "배고파서", "먹고 있는데".
    if words and words[-1].tag == "EC":
        return BANMAL
    pronouns = {t.form for t in words if t.tag == "NP"}
    if pronouns.intersection(_PLAIN_PRONOUNS):
        return BANMAL
    return JONDAEMAL if pronouns.intersection(_HUMBLE_PRONOUNS) else None


def _closes(token: Token) -> bool:
    # Before a comma or a noun the analyser takes a closing ending for one that goes on (EC).
    is_taken_so = token.tag == "EC" and (token.form == "다" or _POLITE.search(token.form))
    return token.tag == "EF" or bool(is_taken_so)


def _of_ending(form: str) -> str | None:
    if form in _NOMINAL:
        return None
    return JONDAEMAL if _POLITE.search(form) else BANMAL
