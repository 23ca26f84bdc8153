"""A light rule on sentence endings: 반말, 존댓말, or neither (names, exclamations, fragments)."""

import re

BANMAL = "banmal"
JONDAEMAL = "jondaemal"

_SENTENCES = re.compile(r"[.!?…~\n]+|(?<=[가-힣])[ㅋㅎㅠㅜ]{2,}")
_EDGES = re.compile(r"[^가-힣]+$")
POLITE_WORDS = (
    "네",
    "예",
    "아니요",
    "아뇨",
    "안녕하세요",
    "감사합니다",
    "그럼요",
    "글쎄요",
    "넵",
    "네네",
)
PLAIN_WORDS = ("응", "어", "아니", "그래", "안녕", "미안", "야", "너", "왜", "뭐", "응응", "그치")
# Nouns that only look polite, as whole words: "어디 가요" and "뭐라고요" are polite.
_NOT_POLITE = re.compile(
    r"^(불?필요|중요|고요|수요|소요|동요|민요|주요|강요|개요|담요|[월화수목금토일]요)$"
)
_POLITE = re.compile(r"(요|시오|죠|십쇼|소서)$")
# -ㅂ니다 and -ㅂ니까 are polite, -니다 of "아니다" and -니까 of "그러니까" are not.
_FORMAL = re.compile(r"([가-힣])니[다까]$")
_FINAL_BIEUP = 17
_PLAIN = re.compile(
    r"(다|냐|니|자|지|네|래|게|걸|군|구나|거든|잖아|는데|은데|인데|ㄴ데|한데|던데|을까|ㄹ까|할까|까|려고|라고|다고"
    r"|어때|그치|[힘보지꺼끝]내|어|아|야|여|해|봐|워|와|줘|돼|져|려|쳐|켜|꿔|서|라|마|걔|대|데|든|고|며|면|께|러|텐데|려나|으나|은가|는가|나|든지)$"
)
_PLAIN_NOT = re.compile(r"(하나|누나|언니|어머니|할머니|친구야|바다|모두 다|라디오|떡볶이)$")


def sentences(text: str) -> list[str]:
    """Cut a reply where its sentences end, each without what is no Hangul at its end."""
    parts = (_EDGES.sub("", part).strip() for part in _SENTENCES.split(text))
    return [part for part in parts if part]


def sentence_level(sentence: str) -> str | None:
    """Give the level that a sentence's ending shows, or None where it shows none."""
    if sentence in POLITE_WORDS:
        return JONDAEMAL
    if sentence in PLAIN_WORDS:
        return BANMAL
    words = sentence.split()
    last = words[-1].strip(",'\"” ")
    if _is_polite(last):
        return JONDAEMAL
    if _PLAIN.search(last) and not _PLAIN_NOT.search(sentence):
        return BANMAL
    return None


def _is_polite(word: str) -> bool:
    formal = _FORMAL.search(word)
    if formal:
        return (ord(formal[1]) - 0xAC00) % 28 == _FINAL_BIEUP
    return bool(_POLITE.search(word)) and not _NOT_POLITE.search(word)


def keeps_level(text: str, level: str) -> bool:
    """Say whether no sentence of a reply speaks in the other level, and the reply shows its own.

    A reply of fragments alone ("오, 떡볶이!") is held to neither level.
    """
    found = {sentence_level(s) for s in sentences(text)} - {None}
    return not found or found == {level}
