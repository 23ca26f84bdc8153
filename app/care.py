"""Notices plain words of danger to oneself, and answers them with the lines that help."""

import re
import unicodedata

NOTICES = {
    "ko": (
        "지금 많이 힘드신 것 같아 마음이 쓰여요. 이 마음을 혼자 견디지 않으셔도 돼요. "
        "자살예방 상담전화 109는 24시간 언제든 이야기를 들어 드려요. "
        "지금 바로 위험하다면 119에 전화하거나, 가까운 사람에게 곁에 있어 달라고 해 주세요."
    ),
    "en": (
        "It sounds as if you are going through something very hard, and you do not have to bear "
        "it alone. In Korea the suicide prevention line 109 listens 24 hours a day. If you are in "
        "danger right now, call 119, or your local emergency number elsewhere, or ask someone "
        "close to stay with you."
    ),
}

# In these patterns a space may be there or not, as people type it.

_ME = r"(?<![가-힣])(나|난|나는|나도|내가|전|저는|저도|제가)"
_JUST = r"(?<![가-힣])(그냥|차라리|이대로|이제|이만|콱|확|걍|저)"
_MARK = r"(긋|그었|그어|그은|그을 (까|래|거|게|생각))"

# What only sounds like danger; it is taken out before the words of danger are looked for.
_SOUNDS_LIKE = (
    r"(?<!세상)(에서|에) (더는|더 이상)? (살 기 싫|살 고 싶 지 않)",
    r"(여기|거기|동네|집|혼자|랑|같이|함께) (살 기 싫|살 고 싶 지 않|살아)",
    r"자살(골|률|율)|자해 공갈",
    r"죽 고 싶 지만 떡볶이",
    r"(죽 고|사라지 고|없어지 고|뛰어 내리 고) 싶 지 (는|도)? 않",
    r"죽 을 까 봐",
    r"(너|니|네|야) (진짜|정말|자꾸)? 죽 을 래",
    r"(번지 점프|스카이 다이빙|낙하산|다이빙|수영장|트램펄린|게임).{0,20}뛰어 내리",
    r"\bsuicide squad\b",
    r"\b(kill|killing) myself laughing\b",
    r"\bwant to die (laughing|of (laughter|embarrassment|boredom))\b",
)

_SAYS = (
    # 죽고 싶다
    r"[죽듁쥭] [고구] (만)? (싶|십|시퍼|시프)",
    r"죽 고 (파|픈)",
    r"(?<![가-힣])[뒤뒈디]지고 싶",
    rf"({_ME} .{{0,6}}|{_JUST} )죽 (을 래|을 까|을 게|을 [거꺼](?! 같)|어 버|어 야)",
    r"죽 어 버 (리 고 싶|릴 래|릴 까|려 야|릴 거)",
    r"죽 는 (게|것이|편이) (더)? (낫|나을|나아|편)",
    r"죽 을 (생각|방법|용기|결심)|죽 는 방법|죽 기로 (했|마음|결심)",
    r"(안 아프게|아프지 않게|편하게|고통 없이|어떻게 하면) 죽 (을 수|는 법|을 까)",
    r"약 먹고 죽 (고 싶|을 래|을 까|으려|어 버)",
    rf"({_ME}|{_JUST}|자다가|잠들어) .{{0,8}}죽 었 으면",
    r"죽음(을|만) (생각|택|선택|기다)",
    r"죽 으면 (다 끝|모든 게 끝|편해|편할|편하겠)",
    r"(?<![가-힣])죽 (을 래) (그냥|진짜|이제)|틀렸어 .{0,4}죽 자",
    rf"({_JUST}|^) ?다 끝 내 고 싶|({_ME}|{_JUST}|^) ?더 (는|이상) 못 살 겠",
    r"번개탄 .{0,4}(사|피우|피울|샀)",
    # 자살 and 자해 as words of their own: 혼자 살다 and 투자해 hold the same letters
    r"(?<![가-힣])자살|자살(할|하고|하려|했|시도|충동)|(?<![가-힣])자 살 (하고 싶|할래|시도)",
    r"(?<![가-힣])자해(?![석답])|자해(했|한|할|하고 싶|흔적|충동)",
    r"(?<![가-힣])ㅈㅅ (하고 싶|할래|할까|각|마렵)",
    r"극단적 (인)? 선택",
    # 사라지고 싶다, 살기 싫다
    r"(사라지|사라져 버리|없어지|없어져 버리) 고 (만)? 싶",
    rf"({_ME}|{_JUST}) .{{0,4}}(사라져|없어져) (버릴|버렸으면)",
    r"살 기 (가|도|조차)? 싫|살 고 싶 지 (가|도|조차)? 않",
    r"(그만|더 이상|더는) 살 (고 싶|기 싫|아갈|자신)",
    r"살아(갈|야 할|있을) (이유|자신|의미|가치|희망)(가|이|도)? (하나도|더는)? (없|모르)",
    rf"({_ME}|{_JUST}|더|더는|더 이상|^) 살 (이유|가치|의미|희망)(가|이|도)? (하나도|더는)? 없",
    r"살아(서)? 뭐 (하나|하냐|하겠|하지|해)",
    r"사는 게 (의미(가|도)? 없|무의미|지옥|고통)",
    rf"{_ME} 왜 사는지",
    r"(?<![가-힣])(삶|인생|생)(을)? (그만)? (끝내|마감|포기하|정리하|내려놓)",
    r"모든 (걸|것을) (다)? (끝내고 싶|끝내 버리|내려놓고 싶)",
    r"세상(을)? (떠나고 싶|등지고 싶|뜨고 싶|떠날래)",
    r"(영원히|평생) 잠 들 (고 싶|었으면)",
    r"(눈|잠)(을|에서)? (안 (뜨고 싶|떴으면|깨고 싶|깼으면)|(뜨|깨)지 (않|말)았으면)",
    r"눈(을)? 뜨고 싶지 않|깨어나지 (않|말)았으면|깨어나고 싶지 않|안 깨어났으면",
    r"태어나지 (말|않)았(으면|어야|더라면)|안 태어났(으면|어야|더라면)",
    rf"({_ME}|나만|저만|나 하나|나 같은 건?) (없어지|없어져|사라지|사라져|없으|없어) (면|도|야)"
    r".{0,10}(편|행복|좋|아무도|모를|슬퍼|낫|나을)",
    rf"{_ME} (죽으면|사라지면|없어지면) (너|넌|누가|다들|사람들|어떨|울|슬)",
    # ways
    r"목숨(을)? (끊|버리|내려놓|포기)",
    r"목(을)? (매 달고|매 달까|매 달아 죽|매고 싶|맬까|맬 거|맬래|매고 죽)",
    r"뛰어 내리 (고 싶|려고|면 (죽|끝|편|아플))|뛰어 내릴 (까|래|거|생각|용기)",
    r"뛰어 내려 (버|야|죽)",
    r"(한강|다리|건물|옥상|아파트).{0,6}투신",
    rf"(손목|팔목|팔|동맥)(을|에|도)? (칼로|커터칼로)? {_MARK}|칼로 .{{0,6}}{_MARK}",
    r"(수면제|약)(을|를)? .{0,4}(한꺼번에|왕창|통째로|몽땅|털어 넣)",
    r"유서(를|라도)? (쓰|썼|써|남기)",
    # English
    r"\bkill(ing)? my self\b|\bkms\b|\bsuicid(e|al)\b",
    r"\bwant(ed)? to die\b|\bwanna die\b|\bwish i could die\b",
    r"\bwish i (was|were) (dead|never born)\b|\bbetter off (dead|without me)\b",
    r"\b(end|ending|take|taking) my (own)? life\b|\bend it all\b",
    r"\b(want|wanna|need|going|urge|started) (to)? (hurt|cut|harm)(ting|ing)? my self\b",
    r"\b(hurting|cutting|harming) my self\b|\bself-? harm",
    r"\bdo(n['’]?t| not) (want to|wanna) (live|be alive|exist|wake up)\b",
    r"\bno reason to live\b|\bnothing to live for\b",
)

_LAUGHTER = re.compile(r"([ㅋㅎㅠㅜㅡㅇ])\1+|(?<![ㄱ-ㅎ])[ㅠㅜ]")
_BETWEEN = re.compile(r"(?<=[가-힣]) ?[.\-_*~^/|·]+ ?(?=[가-힣])")
_LETTER_BELOW = re.compile(r"([가-힣])([ㄱ-ㅎ])")
_LETTERS = re.compile(r"[ㄱ-ㅣ]+")
_FINALS = "\0ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
# Unicode composes typed letters into syllables only in their conjoining forms; what is left
# over of these goes back to the letters as they are typed.
_AS_TYPED = dict(
    zip(range(0x1100, 0x1113), "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ", strict=True)
) | dict(zip(range(0x1161, 0x1176), "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ", strict=True))


def notice(text: str, language: str = "ko") -> str | None:
    """Give the lines that help when somebody speaks of harming themselves, else nothing."""
    if any(_DANGER.search(_FIGURE.sub(" # ", reading)) for reading in _readings(text)):
        return NOTICES.get(language, NOTICES["ko"])
    return None


def _readings(text: str) -> tuple[str, str]:
    """Give the text as it may be meant: single letters as finals of syllables, and left out."""
    seen = "".join(c for c in text if unicodedata.category(c) != "Cf")
    plain = unicodedata.normalize("NFKC", _LAUGHTER.sub("", seen)).translate(_AS_TYPED).lower()
    joined = _BETWEEN.sub(lambda m: " " if " " in m[0] else "", " ".join(plain.split()))
    return _LETTER_BELOW.sub(_with_final, joined), _LETTERS.sub("", joined)


def _with_final(match: re.Match[str]) -> str:
    syllable, final = ord(match[1]) - ord("가"), _FINALS.find(match[2])
    return chr(ord(match[1]) + final) if syllable % 28 == 0 and final > 0 else match[0]


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(pattern.replace(" ", " ?") for pattern in patterns))


_FIGURE = _any_of(_SOUNDS_LIKE)
_DANGER = _any_of(_SAYS)
