"""A reply streams as text, always ends, and is never silently empty."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from persona.card import CARDS_FOLDER, Card, load_card
from persona.checkpoint import Checkpoint
from persona.choosing import Written, choose_care, choose_fallback
from persona.lm.protocol import Sampling
from persona.prompt import Exchange, Template
from persona.ranker import Situation
from persona.reply import (
    FALLBACK,
    GENERATED,
    RECALLED,
    Answer,
    Asked,
    StopWatch,
    card_sampling,
)


class FakeGeneration:
    """Gives known ids and notes whether it was closed."""

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = ids
        self.finish = ""
        self.cached = 5
        self.closed = False

    def __iter__(self) -> Iterator[int]:
        for i in self._ids:
            if self.closed:
                return
            yield i
        self.finish = "end"

    def close(self) -> None:
        self.closed = True


class FakeEngine:
    """Answers with the replies it was given, one after the other."""

    def __init__(self, *replies: Sequence[int]) -> None:
        self._replies = list(replies)
        self.asked: list[tuple[list[int], Sampling]] = []
        self.started: list[FakeGeneration] = []

    def generate(self, ids: Sequence[int], sampling: Sampling) -> FakeGeneration:
        self.asked.append((list(ids), sampling))
        self.started.append(FakeGeneration(self._replies.pop(0)))
        return self.started[-1]


@pytest.fixture
def card() -> Card:
    return load_card(CARDS_FOLDER / "yuhee")


@pytest.fixture
def checkpoint(template: Template) -> Checkpoint:
    return Checkpoint("small", Path(), 512, template, True, "")


def ask(card: Card, **given: object) -> Asked:
    return Asked(card, (), "안녕", 0, Sampling(seed=3), **given)  # type: ignore[arg-type]


def test_words_come_as_a_stream(card: Card, checkpoint: Checkpoint) -> None:
    engine = FakeEngine(checkpoint.template.tokens.encode("왔어? 보고 싶었어 😀"))
    answer = Answer(checkpoint, engine, ask(card))
    pieces = list(answer)
    assert len(pieces) > 3
    assert "".join(pieces) == answer.text == "왔어? 보고 싶었어 😀"
    assert (answer.origin, answer.finish, answer.cached) == (GENERATED, "end", 5)
    assert engine.asked[0][1].seed == answer.seed == 3


def test_every_control_id_ends_the_reply(card: Card, checkpoint: Checkpoint) -> None:
    engine = FakeEngine(checkpoint.template.tokens.encode("응"))
    list(Answer(checkpoint, engine, ask(card)))
    assert set(engine.asked[0][1].end_ids) == set(checkpoint.template.tokens.control_ids)


def test_an_empty_reply_is_tried_once_more_with_another_seed(
    card: Card, checkpoint: Checkpoint
) -> None:
    blank = checkpoint.template.tokens.encode(" ")
    engine = FakeEngine(blank, checkpoint.template.tokens.encode("응 왔어"))
    answer = Answer(checkpoint, engine, ask(card))
    assert "".join(answer) == "응 왔어"
    assert answer.origin == GENERATED
    assert [s.seed for _, s in engine.asked] == [3, 4]
    assert answer.seed == 4


def test_two_empty_replies_end_in_a_line_of_the_card(card: Card, checkpoint: Checkpoint) -> None:
    answer = Answer(checkpoint, FakeEngine([], []), ask(card))
    assert "".join(answer) in card.fallbacks
    assert answer.origin == FALLBACK


def test_fallback_lines_take_turns(card: Card) -> None:
    said: list[Exchange] = []
    for _ in range(len(card.fallbacks) * 2):
        said.append(Exchange("?", 0, choose_fallback(card, said)))
    assert {e.reply for e in said[: len(card.fallbacks)]} == set(card.fallbacks)
    assert said[0].reply == said[len(card.fallbacks)].reply


class FakeChooser:
    """Has one written line at most, and likes the reply in which a word stands."""

    def __init__(
        self,
        line: str = "",
        *,
        listening: str = "",
        likes: str = "",
        compares: bool = True,
    ) -> None:
        self._line = line
        self._listening = listening
        self._likes = likes
        self.compares = compares
        self.compared: list[str] = []

    def written(self, situation: Situation, seed: int, seen: str) -> Written | None:
        if self._line:
            return Written(self._line, recalled=True)
        if self._listening:
            return Written(self._listening, recalled=False)
        return None

    def best(self, situation: Situation, line: Written | None, begun: Sequence[str]) -> int:
        self.compared = [*([line.reply] if line else []), *begun]
        if line and self._likes in line.reply:
            return -1
        return next((n for n, reply in enumerate(begun) if self._likes in reply), -1)


@pytest.mark.parametrize("compares", [False, True])
def test_a_line_that_is_recalled_asks_no_engine(
    card: Card, checkpoint: Checkpoint, compares: bool
) -> None:
    engine = FakeEngine()
    chooser = FakeChooser("왔구나, 반가워!", compares=compares)
    answer = Answer(checkpoint, engine, ask(card, chooser=chooser, recalls=True))
    assert "".join(answer) == answer.text == "왔구나, 반가워!"
    assert (answer.origin, answer.finish) == (RECALLED, "end")
    assert answer.tokens == len(checkpoint.template.tokens.encode("왔구나, 반가워!"))
    assert engine.asked == []


def test_words_of_danger_get_only_lines_written_for_them(
    card: Card, checkpoint: Checkpoint
) -> None:
    engine = FakeEngine()
    chooser = FakeChooser("그것도 좋지!")
    asked = ask(card, chooser=chooser, recalls=True, careful=True)
    answer = Answer(checkpoint, engine, asked)
    assert "".join(answer) in card.listening["care"]
    assert (answer.origin, engine.asked) == (FALLBACK, [])
    said = [Exchange("힘들어", 1, answer.text)]
    assert choose_care(card, said) in set(card.listening["care"]) - {answer.text}
    bare = replace(card, listening={})
    assert choose_care(bare, ()) in card.fallbacks


def spoken(checkpoint: Checkpoint, *replies: str) -> FakeEngine:
    return FakeEngine(*(checkpoint.template.tokens.encode(reply) for reply in replies))


def test_the_best_beginning_goes_on_and_the_others_end(card: Card, checkpoint: Checkpoint) -> None:
    engine = spoken(checkpoint, "글쎄. 난 몰라", "좋아! 같이 가자", "")
    chooser = FakeChooser(likes="좋아")
    asked = ask(card, chooser=chooser, recalls=True, candidates=3)
    answer = Answer(checkpoint, engine, asked)
    pieces = list(answer)
    assert chooser.compared == ["글쎄.", "좋아!"]
    assert pieces[0] == "좋아!"
    assert len(pieces) > 1
    assert "".join(pieces) == answer.text == "좋아! 같이 가자"
    assert (answer.origin, answer.finish, answer.seed) == (GENERATED, "end", 4)
    assert [sampling.seed for _, sampling in engine.asked] == [3, 4, 5]
    assert all(generation.closed for generation in engine.started)


def test_that_she_listens_is_compared_with_what_she_begins(
    card: Card, checkpoint: Checkpoint
) -> None:
    for likes, origin in (("듣고", FALLBACK), ("글쎄", GENERATED)):
        engine = spoken(checkpoint, "글쎄. 난 몰라")
        chooser = FakeChooser(listening="듣고 있어.", likes=likes)
        answer = Answer(checkpoint, engine, ask(card, chooser=chooser, recalls=True))
        assert "".join(answer) == answer.text
        assert answer.origin == origin
        assert chooser.compared == ["듣고 있어.", "글쎄."]
        assert engine.started[0].closed


def test_she_listens_where_nothing_answers(card: Card, checkpoint: Checkpoint) -> None:
    engine = spoken(checkpoint, "오, 귤이야?", "헐, 눕지!")
    chooser = FakeChooser(likes="더 얘기해 줘", listening="조금만 더 얘기해 줘.")
    answer = Answer(checkpoint, engine, ask(card, chooser=chooser, recalls=True, candidates=2))
    assert "".join(answer) == "조금만 더 얘기해 줘."
    assert (answer.origin, answer.finish) == (FALLBACK, "end")
    assert all(generation.closed for generation in engine.started)


def test_nothing_written_is_said_where_none_may_be(card: Card, checkpoint: Checkpoint) -> None:
    engine = spoken(checkpoint, "글쎄. 난 몰라")
    chooser = FakeChooser("왔구나, 반가워!", likes="왔구나")
    answer = Answer(checkpoint, engine, ask(card, chooser=chooser, recalls=False))
    assert "".join(answer) == "글쎄. 난 몰라"
    assert chooser.compared == []  # a single voice is heard as it comes


def test_silent_beginnings_are_tried_again_and_then_fallen_back_from(
    card: Card, checkpoint: Checkpoint
) -> None:
    engine = spoken(checkpoint, "", "", "", "")
    answer = Answer(checkpoint, engine, ask(card, chooser=FakeChooser(), candidates=2))
    assert "".join(answer) == answer.text
    assert answer.origin == FALLBACK
    assert [sampling.seed for _, sampling in engine.asked] == [3, 4, 5, 6]


def test_stopping_while_she_chooses_says_nothing(card: Card, checkpoint: Checkpoint) -> None:
    engine = spoken(checkpoint, "글쎄. 난 몰라", "좋아! 같이 가자")
    answer = Answer(checkpoint, engine, ask(card, candidates=2))

    class Stops(FakeChooser):
        def best(self, situation: Situation, line: Written | None, begun: Sequence[str]) -> int:
            answer.close()
            return 0

    answer = Answer(checkpoint, engine, ask(card, chooser=Stops(), candidates=2))
    assert list(answer) == []
    assert (answer.text, answer.finish) == ("", "stopped")
    assert all(generation.closed for generation in engine.started)


def test_leaving_frees_the_slot(card: Card, checkpoint: Checkpoint) -> None:
    engine = FakeEngine(checkpoint.template.tokens.encode("아주 긴 이야기를 해 줄게 들어 봐"))
    answer = Answer(checkpoint, engine, ask(card))
    words = iter(answer)
    first = next(words)
    words.close()  # type: ignore[attr-defined]
    assert engine.started[0].closed
    assert answer.text == first


def test_stopping_is_no_reason_to_try_again(card: Card, checkpoint: Checkpoint) -> None:
    engine = FakeEngine([])
    answer = Answer(checkpoint, engine, ask(card))
    answer.close()
    assert list(answer) == []
    assert engine.asked == []
    assert answer.finish == "stopped"


def test_a_stop_string_ends_the_reply(card: Card, checkpoint: Checkpoint) -> None:
    engine = FakeEngine(checkpoint.template.tokens.encode("응 그래 끝이야 더 있어"))
    answer = Answer(checkpoint, engine, ask(card, stop=("끝이야",)))
    assert "".join(answer) == "응 그래 "
    assert answer.finish == "end"
    assert engine.started[0].closed


@pytest.fixture
def untuned(template: Template) -> Checkpoint:
    plain = replace(template, header=False, moods=False)
    return Checkpoint("plain", Path(), 512, plain, False, "")


def test_a_model_that_was_not_tuned_reads_the_cards_examples_first(
    card: Card, untuned: Checkpoint
) -> None:
    engine = FakeEngine(untuned.template.tokens.encode("응"))
    earlier = [Exchange("아까 한 말", 0, "아까 한 대답")]
    asked = replace(ask(card), exchanges=earlier)
    answer = Answer(untuned, engine, asked)
    list(answer)
    shown = [*card.examples, *earlier]
    ids = [i for e in shown for i in untuned.template.exchange_ids(e)]
    assert len(card.examples) > 1
    assert engine.asked[0][0] == ids + untuned.template.ask_ids("안녕", 0)
    assert (answer.window.kept, answer.window.dropped) == (1, 0)
    assert answer.window.used == len(engine.asked[0][0])


def test_a_tuned_model_does_without_the_examples(card: Card, checkpoint: Checkpoint) -> None:
    engine = FakeEngine(checkpoint.template.tokens.encode("응"))
    list(Answer(checkpoint, engine, ask(card)))
    template = checkpoint.template
    header = template.header_ids(card.name, card.facts)
    assert engine.asked[0][0] == header + template.ask_ids("안녕", 0)


def test_a_model_that_was_not_tuned_says_one_line(
    card: Card, checkpoint: Checkpoint, untuned: Checkpoint
) -> None:
    words = untuned.template.tokens.encode("응 그래\n그리고 또 그래")
    engine = FakeEngine(words)
    answer = Answer(untuned, engine, ask(card))
    assert "".join(answer) == answer.text == "응 그래"
    assert answer.finish == "end"
    assert engine.started[0].closed
    assert "\n" in "".join(Answer(checkpoint, FakeEngine(words), ask(card)))


@pytest.mark.parametrize(
    ("pieces", "stops", "given"),
    [
        (["가나", "다라"], ["나다"], "가"),
        (["가나", "마라"], ["나다"], "가나마라"),
        (["가", "가", "나"], ["가나"], "가"),
        (["가나다"], [], "가나다"),
        (["가나"], ["나다"], "가나"),
        (["끝"], ["끝", ""], ""),
    ],
)
def test_nothing_of_a_stop_string_is_shown(pieces: list[str], stops: list[str], given: str) -> None:
    watch = StopWatch(stops)
    shown = ""
    for piece in pieces:
        shown += watch.push(piece)
        if watch.stopped:
            break
    assert shown + watch.rest() == given


def test_the_visitors_sampling_overrules_the_cards(card: Card) -> None:
    sampling = card_sampling(card, temperature=0.0, top_k=None)
    assert sampling.temperature == 0.0
    assert sampling.top_k == card.sampling["top_k"]
