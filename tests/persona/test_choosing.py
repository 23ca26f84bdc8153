"""Her own lines are preferred where they fit, and a parrot is never chosen."""

import pytest

from persona.card import CARDS_FOLDER, Card, load_card
from persona.choosing import Chooser
from persona.dialogues import Dialogue
from persona.encoder import SHIPPED, open_encoder
from persona.prompt import Exchange
from persona.ranker import Ranker, Situation
from persona.reactions import Kinds, Reaction
from persona.recall import Recall

SAID = {
    "나 면접 떨어졌어": "아이고, 면접 떨어졌구나. 속상하겠다.",
    "강아지가 밥을 안 먹어": "밥을 안 먹는다고? 언제부터 그랬어?",
}
WAITING = Reaction(
    "waiting",
    0,
    ("버스 기다리는 중이야", "지금 줄 서서 기다려", "택배 기다리고 있어", "친구 기다리는 중"),
    ("기다릴 때는 시계가 꼭 느려진다며.", "기다리는 동안 나랑 놀자."),
)


@pytest.fixture(scope="module")
def card() -> Card:
    return load_card(CARDS_FOLDER / "yuhee")


@pytest.fixture(scope="module")
def chooser() -> Chooser:
    return make(ranked=True)


def make(*, ranked: bool) -> Chooser:
    dialogues = [
        Dialogue(user, "yuhee", "t", (Exchange(user, 1, reply),)) for user, reply in SAID.items()
    ]
    encoder = open_encoder(SHIPPED)
    ranker = Ranker.load(SHIPPED, encoder) if ranked else None
    return Chooser(Recall(dialogues, encoder), Kinds([WAITING], encoder), ranker)


def replies(chooser: Chooser, situation: Situation, seen: str = "") -> set[str]:
    """Give what she says to a situation over many seeds."""
    found = (chooser.written(situation, n, seen) for n in range(20))
    return {line.reply for line in found if line is not None}


def test_a_line_is_found_where_the_situation_is_alike(card: Card, chooser: Chooser) -> None:
    alike = Situation(card, (), "면접 또 떨어졌어 ㅠㅠ", 1)
    line = chooser.written(alike, 1)
    assert line is not None and line.recalled
    assert line.reply == SAID["나 면접 떨어졌어"]


def test_where_nothing_is_alike_she_listens(card: Card, chooser: Chooser) -> None:
    situation = Situation(card, (), "서울은 오늘 흐리대", 0)
    assert set() < replies(chooser, situation) <= set(card.listening["everyday"])
    situation = Situation(card, (), "서울은 지금 몇 도야?", 0)
    assert set() < replies(chooser, situation) <= set(card.listening["asked"])
    situation = Situation(card, (), "서울은 너무 멀어", 1)
    assert set() < replies(chooser, situation) <= set(card.listening["sad"])


def test_what_was_said_is_not_said_again(card: Card, chooser: Chooser) -> None:
    said = tuple(Exchange("그래", 0, line) for line in card.listening["everyday"][1:])
    situation = Situation(card, said, "서울은 오늘 흐리대", 0)
    assert replies(chooser, situation) == {card.listening["everyday"][0]}


def test_that_she_listens_wins_over_words_that_mean_nothing(card: Card, chooser: Chooser) -> None:
    situation = Situation(card, (), "서울은 오늘 흐리대", 0)
    line = chooser.written(situation, 1)
    assert line is not None and not line.recalled
    assert chooser.best(situation, line, ["오, 오늘 뭐야?", "헐, 귤이야?"]) == -1


def test_of_what_she_begins_the_one_that_answers_wins(card: Card, chooser: Chooser) -> None:
    situation = Situation(card, (), "강아지가 아파서 걱정돼", 1)
    begun = ["오, 오늘 뭐야?", "강아지가 아파서 걱정돼?", "강아지가 많이 아파?"]
    assert chooser.best(situation, None, begun) == 2
    assert chooser.best(situation, None, []) == -1


def test_without_a_ranker_only_sure_lines_are_taken(card: Card) -> None:
    chooser = make(ranked=False)
    assert not chooser.compares
    line = chooser.written(Situation(card, (), "나 면접 떨어졌어", 1), 1)
    assert line is not None and line.recalled
    assert line.reply == SAID["나 면접 떨어졌어"]
    assert chooser.written(Situation(card, (), "비가 온다", 0), 1) is None  # no listening
    assert chooser.best(Situation(card, (), "비가 온다", 0), None, ["응"]) == 0


def test_what_is_of_a_kind_gets_the_lines_of_the_kind_not_said_yet(
    card: Card, chooser: Chooser
) -> None:
    first, second = WAITING.say
    situation = Situation(card, (), "지하철 기다리는 중이야", 0)
    assert replies(chooser, situation) & {first, second}
    earlier = (Exchange("버스가 안 와", 0, first),)
    assert first not in replies(chooser, Situation(card, earlier, "지하철 기다리는 중이야", 0))
    assert second in replies(chooser, situation, seen=first) - {first}


def test_what_a_visitor_told_is_given_back_when_they_ask(card: Card, chooser: Chooser) -> None:
    earlier = (Exchange("나 아침마다 수영해", 0, "물속은 어때?"), Exchange("시원해", 0, "좋겠다."))
    line = chooser.written(Situation(card, earlier, "내가 아침마다 뭐 한다고 했지?", 0), 1)
    assert line is not None and line.recalled
    assert "나 아침마다 수영해" in line.reply
    other = chooser.written(Situation(card, earlier, "오늘은 뭐 할까?", 0), 1)
    assert other is not None and "수영" not in other.reply
