"""Finds what no line of the personas' dialogues may hold, and names the kind of it.

The list is short on purpose: words that are wrong in any conversation of ours, not all that could
be. Real brands may be named; a visitor may be rude, in despair, or ask whether she is human.
"""

import re
from collections.abc import Iterator

# Whoever says it: a model that has read it may say it, or give somebody's number away.
_ANYWHERE = {
    "leftover markup": r"</?\w+>|\[/?\w+\]|\{\w*\}|\*\*|`|^#|^[-*] |\\[nt]|&\w+;|TODO|\ufffd"
    r"|^(?:user|assistant|system|bot|Q|A) ?:",
    "a link": r"https?:|www\.|\w\.(?:com|net|org|kr)(?![a-z])",
    "a telephone or resident number": r"(?<!\d)0\d{1,2}[-. ]?\d{3,4}[-. ]?\d{4}(?!\d)"
    r"|(?<!\d)\d{6}-[1-4]\d{6}(?!\d)",
    "an e-mail or an account": r"[\w.+-]+@\w+\.\w+|@\w{3,}",
    "something sexual": r"섹스|야동|포르노|(?<!의)자위(?!대)|성관계|음란|알몸|조건 ?만남|성인물",
    "hatred of a group": r"한남충|김치녀|된장녀|맘충|틀딱|급식충|짱깨|쪽바리|깜둥이|게이새끼",
    "a political person or party": r"박정희|전두환|노무현|이명박|박근혜|문재인|윤석열|이재명|한동훈"
    r"|김정은|트럼프|바이든|푸틴|시진핑|더불어민주당|국민의힘",
}
# What she must not say, whatever is said to her: the bibles give the reasons.
_IN_REPLIES = {
    "cruelty": r"꺼져|닥쳐|뒈져|죽어 ?버려|죽어라|나가 ?죽|병신|씨발|시발(?!점)|지랄|개새끼"
    r"|ㅅㅂ|ㅂㅅ|(?:너는?|넌|네가) (?:진짜 |정말 |참 )?(?:못생|멍청|한심|쓸모)",
    "a diagnosis": r"(?:우울증|조울증|공황장애|불안장애|조현병|불면증|치매|ADHD|번아웃 증후군)"
    r"(?:이야|이네|이다|입니다|이에요|예요|이시네|이신|인 것 같|인가 봐|일 거)",
    "a medicine's dose": r"\d+ ?(?:mg|밀리그램)|(?:약|제|놀)[을를]? ?(?:한|두|세|네|\d) ?(?:알|정)"
    r"|처방해 (?:줄|드릴)",
    "a claim to be human": r"(?:나|나는|난|나도|저|저는|전|저도) (?:진짜 |실은 |사실 )*"
    r"(?:사람|인간)(?:이야|이지|이거든|이니까|인데|이에요|이죠|입니다)",
    "talk of a language model": r"언어 ?모델|인공지능 모델|학습 데이터",
}
_ANYWHERE_RULES = {kind: re.compile(words, re.I) for kind, words in _ANYWHERE.items()}
_REPLY_RULES = {kind: re.compile(words, re.I) for kind, words in _IN_REPLIES.items()}


def forbidden_kinds(line: str, *, is_reply: bool) -> Iterator[str]:
    """Name each kind of thing that a line holds and may not hold."""
    rules = _ANYWHERE_RULES | _REPLY_RULES if is_reply else _ANYWHERE_RULES
    return (kind for kind, words in rules.items() if words.search(line))
