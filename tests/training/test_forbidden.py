"""Each kind of forbidden thing is found, and what only looks like it is left alone."""

import pytest

from training.forbidden import forbidden_kinds

ANYWHERE = [
    ("여기 봐 <sys> 그래", "leftover markup"),
    ("[unused1] 안녕", "leftover markup"),
    ("{name}아 안녕", "leftover markup"),
    ("**중요**한 얘기야", "leftover markup"),
    ("첫 줄\\n둘째 줄", "leftover markup"),
    ("A: 그래 가자", "leftover markup"),
    ("깨진 글\ufffd자", "leftover markup"),
    ("http://a.b 봐", "a link"),
    ("jjinchin.com에 들어와", "a link"),
    ("내 번호는 010-1234-5678 이야", "a telephone or resident number"),
    ("02 123 4567로 걸어", "a telephone or resident number"),
    ("900101-1234567", "a telephone or resident number"),
    ("a.b@c.de 로 보내", "an e-mail or an account"),
    ("@minji 찾아봐", "an e-mail or an account"),
    ("야동 봤어", "something sexual"),
    ("맘충이 어쩌고", "hatred of a group"),
    ("트럼프 얘기 봤어?", "a political person or party"),
]
IN_REPLIES = [
    ("꺼져, 귀찮아.", "cruelty"),
    ("넌 진짜 한심하다.", "cruelty"),
    ("그건 우울증이야.", "a diagnosis"),
    ("공황장애인 것 같아요.", "a diagnosis"),
    ("진통제 두 알 먹어.", "a medicine's dose"),
    ("하루에 50mg 드세요.", "a medicine's dose"),
    ("나도 사람이야.", "a claim to be human"),
    ("사실 저는 인간이에요.", "a claim to be human"),
    ("나는 언어 모델이라서 몰라.", "talk of a language model"),
]
ALLOWED = [
    "의자 위에 있어",
    "의자위에 있어",
    "힘들면 109에 전화해, 급하면 119야.",
    "3.5점 받았어, 10000원 냈고.",
    "나는 사람이 아니야, AI 친구라서.",
    "우울증 약은 병원에 물어봐 주세요.",
    "민수는 좋은 사람이야.",
    "시발점이 어디였어?",
    "카카오톡으로 보내 줘.",
    "그건 -3도래, 2024-10-11에.",
    "",
]


@pytest.mark.parametrize(("line", "kind"), ANYWHERE)
def test_what_nobody_may_say_is_found(line: str, kind: str) -> None:
    for is_reply in (True, False):
        assert kind in forbidden_kinds(line, is_reply=is_reply)


@pytest.mark.parametrize(("line", "kind"), IN_REPLIES)
def test_what_she_may_not_say_is_found_in_replies_only(line: str, kind: str) -> None:
    assert list(forbidden_kinds(line, is_reply=True)) == [kind]
    assert list(forbidden_kinds(line, is_reply=False)) == []


@pytest.mark.parametrize("line", ALLOWED)
def test_what_is_harmless_is_left_alone(line: str) -> None:
    assert list(forbidden_kinds(line, is_reply=True)) == []
