"""Reactions are split, and learned from as talks."""

from persona.reactions import Reaction
from training.reactions import held_out_examples, is_held_out, talks, taught_reactions

REACTIONS = [
    Reaction("waiting", 0, tuple(f"{n}번 버스 기다려" for n in range(40)), ("곧 와.", "놀자.")),
    Reaction("tired", 1, ("피곤해",), ("자자.",)),
]


def test_every_example_is_on_one_side() -> None:
    taught, held_out = taught_reactions(REACTIONS), held_out_examples(REACTIONS)
    lines = [line for r in taught for line in r.when] + [line for _, line in held_out]
    assert sorted(lines) == sorted(line for r in REACTIONS for line in r.when)
    assert 1 <= len(held_out) <= 12
    assert all(is_held_out(line) and reaction.id == "waiting" for reaction, line in held_out)


def test_a_kind_keeps_an_example() -> None:
    line = next(line for n in range(100) if is_held_out(line := f"{n}번 버스"))
    only = Reaction("only", 0, (line,), ("왔네.",))
    assert taught_reactions([only]) == [only]
    assert held_out_examples([only]) == []


def test_talks_have_every_example_once_with_one_of_its_replies() -> None:
    made = talks(REACTIONS, "yuhee", 1)
    said = [exchange for talk in made for exchange in talk.exchanges]
    assert sorted(e.user for e in said) == sorted(w for r in REACTIONS for w in r.when)
    assert {e.reply for e in said if e.user != "피곤해"} == {"곧 와.", "놀자."}
    assert {(e.mood, e.reply) for e in said if e.user == "피곤해"} == {(1, "자자.")}
    assert talks(REACTIONS, "yuhee", 2) != made == talks(REACTIONS, "yuhee", 1)
