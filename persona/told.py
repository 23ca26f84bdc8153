"""Finds what the visitor told earlier in a conversation, when they ask for it."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from persona.prompt import Exchange
from persona.ranker import words

# How asking for what was told ends: "뭐라고 했지", "간댔지", "뭐였더라", "어디라고?", "기억나?".
_ENDS = r"(?:지|죠|더라|게|게요|나|나요|어|어요|냐|니|는지)"
_AFTER = (
    r"(?:요|나|내가|제가|테스트|시험|알아|기억나?|말해 ?봐|안 ?까먹었지|맞[혀춰] ?봐"
    r"|[ㅋㅎㅠ~.! ])*\??$"
)
_ASKS = re.compile(
    rf"[다라자냐][고구]\s*(?:그?랬|했|말했|얘기했|말씀드렸){_ENDS}{_AFTER}"
    rf"|[댔랬그](?:랬)?{_ENDS}{_AFTER}"
    rf"|(?:였|이었){_ENDS}{_AFTER}"
    r"|이?라[고구]요?[ㅋㅎ~. ]*\?$"
    r"|기억\s*(?:나|나니|나요|해|해요|하지|하니|하나)[ㅋㅎ~. ]*\??$"
    r"|안\s*(?:까먹|잊)었지|맞[혀춰] ?봐"
    r"|(?:했|먹었|갔|샀|봤)게요?[ㅋㅎ~. ]*\??$"
)
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
    r"[0-9]|[일이삼사오육칠팔구십백천만]+\s?(?:시|분|일|월|년|살|명|개|원|층|번|주|박|점|등|잔|권)"
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


def asks(user: str) -> bool:
    """Say whether a visitor asks for something that they told before."""
    return bool(_ASKS.search(user.strip()) and _WHICH.search(user))


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
        score = SHARED * _shared(about, words(line), rarity)
        if before is not None and "?" in before.reply:
            score += ANSWERED * _shared(about, words(before.user), rarity)
        score += KIND * sum(
            bool(asked.search(user) and tells.search(line)) for asked, tells in _KINDS
        )
        if is_question(line) or asks(line):
            score += QUESTION
        if score > best:
            best, told = score, line
        before = exchange
    return told


def _shared(
    wanted: NDArray[np.int64], there: NDArray[np.int64], rarity: NDArray[np.float32]
) -> float:
    """Give the share of n-grams in common, the rarer ones counting more."""
    both, one, other = (
        float((rarity[part] ** 2).sum()) for part in (np.intersect1d(wanted, there), wanted, there)
    )
    return float(both / np.sqrt((1 + one) * (1 + other)))
