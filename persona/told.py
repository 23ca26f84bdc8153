"""Finds what the visitor told earlier in a conversation, when they ask for it."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from persona.prompt import Exchange
from persona.ranker import words

# What tells by itself that something told is asked for: "뭐라고 했지", "간댔지", "어디라고?",
# "기억나?"; and what does so only where the visitor speaks of themselves: "내 번호 뭐였지".
_AFTER = (
    r"(?:요|나|내가|제가|테스트|시험|알아|기억|말해 ?봐|안 ?까먹었지|맞[혀춰] ?봐"
    r"|[ㅋㅎㅠ~.! ])*\??$"
)
_ASKS = re.compile(
    rf"[다라자냐][고구]\s*(?:그?랬|했|말했|얘기했|말씀드렸)(?:지|죠|더라|게|나|는지){_AFTER}"
    rf"|[댔랬](?:지|죠|더라|게){_AFTER}"
    r"|이?라[고구]요?[ㅋㅎ~. ]*\?$"
    r"|기억\s*(?:나|나니|나요|해|해요|하지|하니|하나)[ㅋㅎ~. ]*\??$"
    r"|안\s*(?:까먹|잊)었지"
)
_ASKS_OF_ONESELF = re.compile(
    rf"[다라자냐][고구]\s*(?:했|말했|얘기했)(?:어|어요|니|냐){_AFTER}"
    rf"|(?:였|이었)(?:지|죠|더라|게){_AFTER}"
    r"|맞[혀춰] ?봐|(?:했|먹었|갔|샀|봤)게요?[ㅋㅎ~. ]*\??$"
)
_ONESELF = re.compile(r"(?:^|\s)(?:내|나|난|제|저|전|우리|아까)(?:가|는|의|한테)?(?:\s|$)")
_HER = re.compile(r"(?:^|\s)(?:너|네|니|넌|지희|당신|헬프봇|유희지희)(?:가|는|은|의|도)?(?:\s|$)")
_WHAT = r"뭐|뭔|뭘|무슨|무엇|어디|어느|누구|누가|누굴|언제|며칠|몇|얼마|어떤|왜"
_WHICH = re.compile(rf"{_WHAT}|이름|기억|까먹|잊")
# What only asks, and would be looked for in vain among what was told.
_FRAME = re.compile(
    rf"(?:{_WHAT})(?:라고|라구|였|랬)?\S{{0,2}}"
    r"|[다라자냐][고구]\s*(?:그?랬|했|말했|얘기했)\S*"
    r"|기억\S*|까먹\S*|잊었\S*|아까|방금|내가|제가|나는|다시|혹시|근데"
)
_QUESTION = re.compile(
    r"\?|(?:뭐야|뭐해|뭐지|(?<!니)까|[습합됩입]니까|인가|는가|은가|어때|나요|가요"
    r"|을래|[할갈볼먹줄살]래|지 않아|[하했있없였었았겠가오되]니|[했있없였었았겠]냐)[ㅋㅎㅠ~. ]*$"
)
_NAMED = re.compile(
    r"(?:이름은?|나는|난|저는|전|나)\s*\S{1,5}?(?:이야|야|예요|이에요|입니다|이라고|라고)"
    r"|\S{1,5}?(?:이라고|라고)\s*(?:불러|해)"
)
_COUNT = (
    r"[0-9]|[일이삼사오육칠팔구십백천만]\s?(?:시|분|일|월|년|살|명|개|원|층|번|주|박|점|등|잔|권)"
    r"|(?:한|두|세|네|다섯|여섯|일곱|여덟|아홉|열|스무)\s?[가-힣]"
    r"|[월화수목금토일]요|내일|모레|어제|주말|아침|저녁|새벽|밤"
)
# What is asked for, and what a line has that may tell it.
_KINDS = (
    (re.compile(r"몇|며칠|얼마|언제|나이"), re.compile(_COUNT)),
    (re.compile(r"어디"), re.compile(r"에서|에 |으로|로 |까지|[동역시군구]야|살아|사는")),
    (re.compile(r"누구|누가|누굴|이름"), re.compile(r"이름|[가-힣]{2,3}(?:이|가|랑|하고|한테)")),
    (re.compile(r"이름|누구"), _NAMED),
)
# What each sign is worth; read off the places in her dialogues where a visitor asks so.
SHARED, ANSWERED, KIND, QUESTION = 10.0, 7.0, 2.0, -2.0
# So much a line has to share, or it would be given back to any question; a name needs nothing.
LEAST_SHARED = 0.15
# What is longer is no line to give back.
MOST_QUOTED = 60


def asks(user: str) -> bool:
    """Say whether a visitor asks for something that they told before."""
    line = user.strip()[-MOST_QUOTED:]
    of_oneself = _ASKS_OF_ONESELF.search(line) and _ONESELF.search(line)
    asked = (_ASKS.search(line) or of_oneself) and _WHICH.search(line)
    return bool(asked) and not _HER.search(line)


def is_question(line: str) -> bool:
    """Say whether something is asked, by the mark or by how it ends."""
    return bool(_QUESTION.search(line))


def find_told(user: str, exchanges: Sequence[Exchange], rarity: NDArray[np.float32]) -> str:
    """Give what the visitor said earlier that tells what they ask for now; "" where nothing does.

    It shares words with the question, or answers what she asked about a line that does.
    """
    if not asks(user):
        return ""
    about = words(_FRAME.sub(" ", user))
    best, told = 0.0, ""
    before: Exchange | None = None
    for exchange in exchanges:
        line = exchange.user
        shared = SHARED * _shared(about, words(line), rarity)
        if before is not None and "?" in before.reply:
            shared += ANSWERED * _shared(about, words(before.user), rarity)
        before = exchange
        named = bool("이름" in user and _NAMED.search(line[:MOST_QUOTED]))
        if len(line) > MOST_QUOTED or (shared < LEAST_SHARED and not named):
            continue
        score = shared + KIND * sum(
            bool(asked.search(user) and tells.search(line)) for asked, tells in _KINDS
        )
        if is_question(line) or asks(line):
            score += QUESTION
        if score > best:
            best, told = score, line
    return told


def _shared(
    wanted: NDArray[np.int64], there: NDArray[np.int64], rarity: NDArray[np.float32]
) -> float:
    """Give the share of n-grams in common, the rarer ones counting more."""
    both, one, other = (
        float((rarity[part] ** 2).sum()) for part in (np.intersect1d(wanted, there), wanted, there)
    )
    return float(both / np.sqrt((1 + one) * (1 + other)))
