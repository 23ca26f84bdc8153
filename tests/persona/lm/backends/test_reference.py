"""transformers does all that is asked, also what the others cannot."""

from dataclasses import replace
from pathlib import Path

import pytest

from persona.lm.backends.reference import open_model
from persona.lm.protocol import Backend, EngineError, ModelSpec, Sampling

GREEDY = Sampling(temperature=0, max_new_tokens=12)
PROMPT = [5, 6, 7, 100, 23]


def total(backend: Backend, ids: list[int]) -> float:
    return sum(backend.score([*PROMPT, *ids])[len(PROMPT) - 1 :])


def test_beams_find_a_likelier_reply(reference: Backend) -> None:
    greedy, beams = (
        list(reference.generate(PROMPT, replace(GREEDY, beams=count))) for count in (1, 8)
    )
    assert len(beams) == 12
    assert total(reference, beams) > total(reference, greedy)


def test_beams_leave_the_end_id_out_too(reference: Backend) -> None:
    how = replace(GREEDY, beams=3, max_new_tokens=30)
    whole = list(reference.generate(PROMPT, how))
    ended = list(reference.generate(PROMPT, replace(how, end_ids=(whole[5],))))
    assert whole[5] not in ended


def test_beams_give_what_they_have_when_the_time_is_up(slow: Path) -> None:
    how = replace(GREEDY, beams=8, max_new_tokens=1000, time_limit_s=2.0)
    reply = open_model(ModelSpec(folder=slow)).generate(PROMPT, how)
    assert 0 < len(list(reply)) < 1000
    assert reply.finish == "time"


def test_no_stretch_comes_twice(reference: Backend) -> None:
    how = replace(GREEDY, no_repeat_ngram=1, max_new_tokens=100)
    ids = list(reference.generate(PROMPT, how))
    assert len(set(PROMPT + ids)) == len(PROMPT) + 100


def test_what_the_folder_recommends_is_not_followed(tiny: Path, tmp_path: Path) -> None:
    for file in tiny.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "generation_config.json").write_text(
        '{"do_sample": true, "repetition_penalty": 9.0, "eos_token_id": [1, 2, 3], "top_k": 1}'
    )
    ours, theirs = (open_model(ModelSpec(folder=f)) for f in (tmp_path, tiny))
    assert list(ours.generate(PROMPT, GREEDY)) == list(theirs.generate(PROMPT, GREEDY))


def test_it_computes_in_32_bits_only(tiny: Path) -> None:
    with pytest.raises(EngineError, match="choose llamacpp"):
        open_model(ModelSpec(folder=tiny, precision="q8_0"))
