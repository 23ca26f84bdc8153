"""Replaces what would point at a person: names, numbers, addresses and links."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

NAME = "친구"
_SURNAMES = set(
    "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진지엄채원천방공현함변염여"
    "추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용"
)
_LONG_SURNAMES = ("남궁", "황보", "제갈", "선우", "독고", "사공")
# Names in a phone book say what people are; these words stay in what is said.
_TITLES = frozenset(
    re.findall(
        r"\w+",
        """
        어머니 아버지 엄마 아빠 언니 오빠 누나 누님 형님 동생 이모부 이모 고모부 고모 삼촌
        할머니 할아버지 며느리 사위 시어머니 시아버지 장모님 장인어른 남편 아내 여보 자기 애인
        남친 여친 남자친구 여자친구 친구 선배 후배 동기 선생님 선생 교수님 교수 원장님 원장
        팀장님 팀장 과장님 과장 대리님 대리 부장님 부장 차장님 차장 사장님 사장 대표님 대표
        실장님 실장 이사님 매니저 조교 쌤 학교 대학교 대학 회사 학원 동아리 교회 우리 우리집
        사랑 내사랑 사랑해 사랑하는 가족 아들 딸 막내 큰딸 아기 사람 모임 단톡 단톡방 운영자
        관리자 방장 상담 고객 회원 회원님 알수없음 없음 화자 님 씨 형 봇
        """,
    )
)
_TITLE_AT_THE_END = re.compile(rf"(?:{'|'.join(sorted(_TITLES, key=len, reverse=True))})$")
_WORDS = re.compile(r"[가-힣]+|[A-Za-z][A-Za-z0-9]*")
# What follows a name that is written without a space before it.
_CALL = re.compile(r"(?:아|야|님|씨|이|이랑|랑|이가|이는|한테|에게|이한테)")
_SHORTEST_SURE, _SHORTEST = 3, 2

_DIGIT = r"(?<![\d-])"
_END = r"(?!-?\d)"
# In this order: an address before the numbers in it, a long number before the short ones.
_NUMBERS = (
    ("링크", re.compile(r"(?:https?://|www\.)[^\s가-힣]*", re.IGNORECASE)),
    ("이메일", re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")),
    (
        "링크",
        re.compile(
            r"(?<![A-Za-z0-9.])(?:[A-Za-z0-9-]+\.)+(?:com|net|org|kr|io|me|gg|be|ly|tv|app|dev|shop)"
            r"(?![A-Za-z0-9])(?:/[^\s가-힣]*)?",
            re.IGNORECASE,
        ),
    ),
    ("주민번호", re.compile(rf"{_DIGIT}\d{{6}} ?[-–~]? ?[1-8](?:\d{{6}}|\*{{6}}){_END}")),
    (
        "전화번호",
        re.compile(
            r"(?<!\d)(?:\+?82[-. )]{0,2}(?:0|\(0\))?1[016789]|01[016789]|\+?82[-. ]?[2-6]\d?"
            r"|0(?:2|[3-6]\d|70|50\d))[-. )]{0,2}\d{3,4}[-. ]{0,2}\d{4}(?!\d)"
            r"|(?<!\d)1[568]\d{2}-\d{4}(?!\d)"
        ),
    ),
    (
        "계좌번호",
        re.compile(
            r"(?<!\d)(?:\d{10,}|(?=(?:\d-?){10,20}(?![\d-]))\d{1,8}(?:-\d{1,8}){1,5}"
            r"|\d{4} \d{4} \d{4} \d{4}|\d{3,6} \d{2,4} \d{6,8})(?!\d)"
        ),
    ),
    # What is left over inside of longer rows of digits, or begins like no number there is.
    ("전화번호", re.compile(r"01[016789][-. ]?\d{3,4}[-. ]?\d{4}")),
    ("전화번호", re.compile(r"(?<!\d)0\d{1,2}[-. ]?\d{3,4}[-. ]?\d{4}(?!\d)")),
)
# What the dialogues of a persona may not have. A space takes its place: digits stay apart.
_MARKS = (
    (re.compile(r"<3"), "♥"),
    (re.compile(r"<+(?=[/\w])|\*{2,}|@+(?=\w)|[`\ufffd]|^#+|^[-*] "), " "),
    (re.compile(r"^(user|assistant|system|bot|q|a) ?:", re.IGNORECASE), r"\1 "),
    (re.compile(r"&(\w+);"), r" \1 "),
    (re.compile(r"\[(\w+)\]|\{(\w*)\}"), r" \1\2 "),
    (re.compile(r"\\n"), " "),
    (re.compile(r"TODO"), "할 일"),
)


class Veil:
    """Hides people in a text; what was replaced is counted by kind."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {word for name in names for word in name_words(name)}
        self._sizes = sorted({len(name) for name in self._names}, reverse=True)
        self.replaced: Counter[str] = Counter()

    def __call__(self, text: str) -> str:
        """Give the text on one line without names, numbers, addresses, links and markup."""
        before = None
        # Without its markup a text may read as a number that was hidden in it.
        while before != text:
            before = text = self._replace(text)
            for pattern, word in _MARKS:
                text = pattern.sub(word, text)
            text = " ".join(text.split())
        return text

    def _replace(self, text: str) -> str:
        for word, pattern in _NUMBERS:
            text, times = pattern.subn(word, text)
            if times:
                self.replaced[word] += times
        return _WORDS.sub(lambda found: self._hide(found[0]), text) if self._names else text

    def _hide(self, run: str) -> str:
        """Hide the names in letters that are written together.

        A name at the front counts whatever follows; further in only a full name does, or one
        that is called: 국민지원 is no 민지, and 우리민지야 is one.
        """
        if run[0].isascii():
            return self._counted() if run.lower() in self._names else run
        for start in range(len(run)):
            for size in self._sizes:
                name, rest = run[start : start + size], run[start + size :]
                if name not in self._names or len(name) < size:
                    continue
                if start == 0 or size >= _SHORTEST_SURE or _CALL.fullmatch(rest):
                    rest = _after(name, rest)
                    return run[:start] + self._counted() + (self._hide(rest) if rest else "")
        return run

    def _counted(self) -> str:
        self.replaced["이름"] += 1
        return NAME


def name_words(name: str) -> Iterator[str]:
    """Give the words by which somebody of this name may be called: 김지은 is 지은 as well."""
    for word in _WORDS.findall(name):
        if word[0].isascii():
            if len(word) >= _SHORTEST_SURE:
                yield word.lower()
            continue
        bare = _TITLE_AT_THE_END.sub("", word)
        # 보라쌤 is 보라 as well; a word that is all title (엄마), or a single letter, is no name.
        if word in _TITLES or len(word) < _SHORTEST:
            continue
        for whole in {word, bare} if len(bare) >= _SHORTEST else {word}:
            yield whole
            yield from _given(whole)


def _given(name: str) -> Iterator[str]:
    """Give the given name behind the surname, and the name without the 이 of fondness."""
    if len(name) > _SHORTEST_SURE and name.startswith(_LONG_SURNAMES):
        yield name[2:]
    elif len(name) == _SHORTEST_SURE and name[0] in _SURNAMES:
        yield name[1:]
    elif len(name) == _SHORTEST and name[0] in _SURNAMES and _is_closed(name):
        yield f"{name[1:]}아"
    if len(name) >= _SHORTEST_SURE and name[-1] == "이" and _is_closed(name[:-1]):
        yield name[:-1]
        yield from _given(name[:-1])


# 친구 ends in a vowel, so what followed a closed syllable is written anew.
_PARTICLES = (
    (re.compile(r"^아(?![가-힣])"), "야"),
    (re.compile(r"^이(?=[가는를도랑한네만야에])"), ""),
    (re.compile(r"^이(?![가-힣])"), "가"),
    (re.compile(r"^은(?![가-힣])"), "는"),
    (re.compile(r"^을(?![가-힣])"), "를"),
    (re.compile(r"^과(?![가-힣])"), "와"),
    (re.compile(r"^으로"), "로"),
)


def _after(name: str, rest: str) -> str:
    """Give what follows a name in the form that follows 친구."""
    if _is_closed(name):
        for pattern, particle in _PARTICLES:
            if pattern.search(rest):
                return pattern.sub(particle, rest)
    return rest


def _is_closed(word: str) -> bool:
    """Say whether a word of Hangul ends in a consonant."""
    return (ord(word[-1]) - 0xAC00) % 28 != 0
