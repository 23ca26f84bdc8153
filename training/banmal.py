"""Turns a 존댓말 sentence into 반말 by its ending, where a rule is sure; otherwise gives None."""

import re

from persona.speech_level import BANMAL, keeps_level

# The first ending that fits is rewritten, or leaves the sentence out; the words before it stay.
_ENDINGS = (
    (r"하실 ?거예요$", "할 거야"),
    (r"이에요$", "이야"),
    (r"([가-힣])예요$", None),
    (r"거에요$", "거야"),
    (r"이세요$", "이야"),
    (r"하시겠어요$", "할래"),
    (r"하세요$", "해"),
    (r"보세요$", "봐"),
    (r"마세요$", "마"),
    (r"주세요$", "줘"),
    (r"가세요$", "가"),
    (r"오세요$", "와"),
    (r"되세요$", "돼"),
    (r"드세요$", "먹어"),
    (r"주무세요$", "자"),
    (r"쉬세요$", "쉬어"),
    (r"두세요$", "둬"),
    (r"내세요$", "내"),
    (r"나세요$", "나"),
    (r"있으세요$", "있어"),
    (r"좋으세요$", "좋아"),
    (r"하셨어요$", "했어"),
    (r"셨어요$", None),
    (r"셨네요$", None),
    (r"시네요$", None),
    (r"시죠$", None),
    (r"하죠$", "하지"),
    (r"죠$", "지"),
    (r"인가요$", None),
    (r"시겠어요$", None),
    (r"나요$", "나"),
    (r"까요$", "까"),
    (r"네요$", "네"),
    (r"군요$", "구나"),
    (r"데요$", "데"),
    (r"래요$", "래"),
    (r"대요$", "대"),
    (r"게요$", "게"),
    (r"거든요$", "거든"),
    (r"잖아요$", "잖아"),
    (r"돼요$", "돼"),
    (r"([가-힣])세요$", None),
    (r"([가-힣])요$", r"\1"),
    (r"합니다$", "해"),
    (r"입니다$", None),
    (r"있습니다$", "있어"),
    (r"없습니다$", "없어"),
    (r"했습니다$", "했어"),
    (r"됩니다$", "돼"),
    (r"좋습니다$", "좋아"),
    (r"([가-힣])습니다$", None),
)
_COMPILED = tuple((re.compile(ending), plain) for ending, plain in _ENDINGS)
_PRONOUNS = (
    (r"\b저는", "나는"),
    (r"\b제가", "내가"),
    (r"\b저도", "나도"),
    (r"\b제 ", "내 "),
    (r"\b저를", "나를"),
)
_POLITE_INSIDE = re.compile(
    r"(당신|말씀|저희|저한테|저에게|시지|그대|여러분|하십|으시|시는|하셔|주셔|시면|시길|드려|드릴|드립)"
)
_SENTENCES = re.compile(r"([^.!?~…]+)([.!?~…]*\s*)")
_FINAL_NONE = 0


def to_banmal(text: str) -> str | None:
    """Give the text in 반말, or None when a sentence of it has no sure rule."""
    if _POLITE_INSIDE.search(text):
        return None
    parts = []
    for body, marks in _SENTENCES.findall(text):
        plain = _sentence(body)
        if plain is None:
            return None
        parts.append(plain + marks)
    joined = "".join(parts).strip()
    for polite, plain_word in _PRONOUNS:
        joined = re.sub(polite, plain_word, joined)
    return joined if joined and keeps_level(joined, BANMAL) else None


def _sentence(body: str) -> str | None:
    for ending, plain in _COMPILED:
        match = ending.search(body)
        if match is None:
            continue
        if plain is None:
            return _special(body, match)
        return body[: match.start()] + match.expand(plain)
    return body


def _special(body: str, match: re.Match[str]) -> str | None:
    """`-예요` becomes -야 after an open syllable; other honorifics have no sure rule."""
    if match.re.pattern == r"([가-힣])예요$":
        last = match[1]
        is_open = (ord(last) - 0xAC00) % 28 == _FINAL_NONE
        return body[: match.start()] + last + ("야" if is_open else "이야")
    return None
