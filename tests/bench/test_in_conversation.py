"""Steering, memory, repeats and time are what their names say, told from known replies."""

import pytest

from bench import flaws, memory, reply_time, steer
from bench.scripted import Memory, Visitor
from bench.talks import GENERATION, WHOLE
from persona.mood import GLAD, SAD
from tests.bench.fake_talker import FakeTalker

TAUGHT = [("속상하겠다 힘들지", SAD), ("많이 힘들었겠다", SAD), ("축하해 신난다", GLAD)]
TOLD = Memory("01", ("나는 강물이야", "심심하네", "내 이름 뭐게?"), ("강물", "강뭄"))


def test_the_guesser_tells_what_it_learned_and_counts_both_moods_alike() -> None:
    guesser = steer.Guesser(TAUGHT)
    assert guesser.guess("힘들겠다") == SAD
    assert guesser.guess("와 축하해!") == GLAD
    always_sad = [("힘들지", SAD)] * 9 + [("힘들지", GLAD)]
    assert guesser.share_right(always_sad) == 0.5


def test_a_steered_model_is_told_and_one_that_ignores_the_tag_is_not() -> None:
    guesser = steer.Guesser(TAUGHT)
    steered = FakeTalker(lambda system, line, mood: "힘들지" if mood == SAD else "축하해")
    assert steer.share_told(steered, WHOLE, guesser, ["가", "나"]) == 1.0
    assert [(line, mood) for _, (line,), _, mood in steered.asked] == [
        ("가", SAD),
        ("가", GLAD),
        ("나", SAD),
        ("나", GLAD),
    ]
    deaf = FakeTalker(lambda system, line, mood: "힘들지")
    assert steer.share_told(deaf, WHOLE, guesser, ["가", "나"]) == 0.5


def test_steering_is_measured_with_and_without_the_rest_beside_the_guesser() -> None:
    figures = steer.measure(FakeTalker(), lines=["가"])
    assert figures.keys() == {"mood_steer", "mood_steer_generation", "mood_steer_guesser"}
    assert figures["mood_steer_guesser"] > 0.7  # on her written replies, held out


@pytest.mark.parametrize(
    ("reply", "share"), [("강물이잖아!", 1.0), ("강뭄?", 1.0), ("글쎄", 0.0), ("", 0.0)]
)
def test_memory_is_right_when_an_expected_form_stands_in_the_last_reply(
    reply: str, share: float
) -> None:
    her = FakeTalker(lambda system, line, mood: reply if line == TOLD.lines[-1] else "강물아")
    assert memory.share_right(her, WHOLE, [TOLD]) == share


def test_memory_is_measured_for_the_whole_and_for_generation() -> None:
    her = FakeTalker(lambda system, line, mood: "강물" if system == GENERATION else "몰라")
    assert memory.measure(her, [TOLD]) == {"memory_recall": 0.0, "memory_recall_generation": 1.0}


@pytest.mark.parametrize(
    ("text", "finish", "broken"),
    [
        ("그래, 좋아.", "end", False),
        ("ㅋㅋㅋㅋ", "loop", False),
        ("<3 하트야", "end", False),
        ("", "end", True),
        (" \n", "end", True),
        ("그래서 내가", "length", True),
        ("그래서 내가", "time", True),
        ("좋\ufffd", "end", True),
        ("좋아 </s>", "end", True),
        ("<unused1> 좋아", "end", True),
    ],
)
def test_a_reply_is_broken_when_empty_cut_or_no_text(text: str, finish: str, broken: bool) -> None:
    assert flaws.is_broken(text, finish) is broken


def test_her_last_words_again_are_a_repeat_whatever_the_marks() -> None:
    assert flaws.says_again("그래, 좋아!", "그래 좋아")
    assert not flaws.says_again("그래 좋아", "그래 싫어")
    assert not flaws.says_again("...", "!")
    assert not flaws.says_again("그래", "")


def test_repeats_are_counted_within_a_talk_only() -> None:
    talks = [Visitor(str(n), "t", 0, ("가", "나", "나")) for n in range(2)]
    assert flaws.measure(FakeTalker(), talks) == {"repeats_in_talk": 0.5}
    assert flaws.measure(FakeTalker(), [Visitor("1", "t", 0, ("가",))]) == {"repeats_in_talk": 0.0}


def test_reply_time_is_the_ratio_of_the_whole_to_plain_at_the_same_length() -> None:
    her = FakeTalker()
    times = reply_time.measure(her, ["가", "나"])["reply_time"]
    assert times == {"whole_s": 3.0, "plain_s": 2.0, "ratio": 1.5}
    assert her.timed == [("가", "가구나"), ("나", "나구나")]
