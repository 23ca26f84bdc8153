"""A checkpoint is kept whole or not at all, and what is no GPT-2 is a sentence."""

import json
import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch

from persona.checkpoint import open_checkpoint
from persona.errors import PersonaError
from persona.prompt import Template
from training.errors import TrainingError
from training.loop import Learned
from training.model import (
    LICENCE,
    Shape,
    add_adapters,
    describe,
    keep,
    licence_of,
    load_model,
    new_model,
    open_base,
)

LEARNED = Learned(held_out_loss=4.5, epochs=2.0, tokens=1000)


@pytest.fixture
def model(template: Template) -> torch.nn.Module:
    return new_model(template.tokens, Shape(32, 1, 2, positions=128), seed=9)


@pytest.mark.parametrize("room", [1_000, 50_000])
def test_a_disk_that_fills_up_leaves_the_last_good_checkpoint(
    start: Path,
    model: torch.nn.Module,
    full_disk: Callable[[int], AbstractContextManager[None]],
    room: int,
) -> None:
    before = {f.name: f.read_bytes() for f in start.iterdir()}
    with full_disk(room), pytest.raises(TrainingError, match="make room on the disk"):
        keep(model, start, start, {"header": True})
    assert {f.name: f.read_bytes() for f in start.iterdir()} == before
    assert not start.with_name("start.part").exists()
    keep(model, start, start, {"header": True})
    assert {f.name: f.read_bytes() for f in start.iterdir()} != before


def test_saving_keeps_the_moods_and_the_card_that_are_there(
    start: Path, model: torch.nn.Module, tmp_path: Path
) -> None:
    (start / "mood.safetensors").write_bytes(b"moods")
    (start / "ranker.safetensors").write_bytes(b"judge")
    out = tmp_path / "out"
    keep(model, start, out, {})
    (out / "README.md").write_text("card", encoding="utf-8")
    keep(model, start, out, {})
    assert (out / "mood.safetensors").read_bytes() == b"moods"
    assert (out / "ranker.safetensors").read_bytes() == b"judge"
    assert (out / "README.md").read_text(encoding="utf-8") == "card"


def test_the_licence_of_the_base_is_carried_on(start: Path) -> None:
    assert licence_of(open_base(str(start))) == LICENCE
    (start / "persona.json").unlink()
    assert licence_of(open_base(str(start))) == f"that of {start}"
    (start / "README.md").write_text("---\nlicense: cc-by-nc-sa-4.0\n---\n", encoding="utf-8")
    assert licence_of(open_base(str(start))) == "cc-by-nc-sa-4.0"


def test_what_was_done_before_stays_written_down(start: Path, template: Template) -> None:
    (start / "persona.json").write_text(
        json.dumps({"header": True, "base": "someone/model", "training": [{"method": "pretrain"}]}),
        encoding="utf-8",
    )
    about = describe("sft", LEARNED, template, ["yuhee"], open_base(str(start)))
    assert [stage["method"] for stage in about["training"]] == ["pretrain", "sft"]
    assert about["training"][-1]["tokens"] == 1000
    assert about["base"] == "someone/model"


def test_a_base_that_is_not_gpt2_is_a_sentence(start: Path) -> None:
    config = json.loads((start / "config.json").read_text(encoding="utf-8"))
    (start / "config.json").write_text(json.dumps(config | {"model_type": "llama"}))
    with pytest.raises(PersonaError, match="Not a GPT-2"):
        open_base(str(start))


def test_a_tokenizer_that_was_exchanged_is_a_sentence(start: Path) -> None:
    path = start / "tokenizer.json"
    words = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(words), encoding="utf-8")
    assert open_checkpoint(str(start), start).tuned
    ids = words["model"]["vocab"]
    one, other = list(ids)[-2:]
    ids[one], ids[other] = ids[other], ids[one]
    path.write_text(json.dumps(words), encoding="utf-8")
    with pytest.raises(PersonaError, match="another tokenizer"):
        open_checkpoint(str(start), start)


class Trap:
    """Creates a file when it is unpickled, as a wicked checkpoint might."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self._mark,)


def test_weights_that_would_run_something_are_refused(start: Path, tmp_path: Path) -> None:
    for path in start.glob("*.safetensors"):
        path.unlink()
    (start / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(tmp_path / "caught"), 2))
    with pytest.raises(TrainingError, match="cannot be trained"):
        load_model(start, 0.0)
    assert not (tmp_path / "caught").exists()


def test_weights_of_other_sizes_or_none_are_a_sentence(start: Path) -> None:
    config = json.loads((start / "config.json").read_text(encoding="utf-8"))
    for change in ({"n_embd": 64}, {"n_layer": 2}):
        (start / "config.json").write_text(json.dumps(config | change), encoding="utf-8")
        with pytest.raises(TrainingError, match="fetch or make the checkpoint again"):
            load_model(start, 0.0)
    for path in start.glob("*.safetensors"):
        path.unlink()
    with pytest.raises(TrainingError, match="fetch or make the checkpoint again"):
        load_model(start, 0.0)


def test_adapters_are_merged_into_plain_weights(start: Path, template: Template) -> None:
    model = load_model(start, 0.0)
    plain = {name: weight.clone() for name, weight in model.named_parameters()}
    adapted = add_adapters(model, 2, template.tokens.control_ids)
    for parameter in adapted.parameters():
        if parameter.requires_grad:
            torch.nn.init.constant_(parameter, 0.1)
    merged = adapted.merge_and_unload()
    changed = {n for n, w in merged.named_parameters() if not torch.equal(w, plain[n])}
    assert merged.state_dict().keys() == load_model(start, 0.0).state_dict().keys()
    assert {n.split(".")[-2] for n in changed} == {"wte", "c_attn", "c_proj", "c_fc"}
    rows = (merged.transformer.wte.weight != plain["transformer.wte.weight"]).any(dim=1)
    assert set(rows.nonzero().flatten().tolist()) == set(template.tokens.control_ids)
    assert merged.lm_head.weight is merged.transformer.wte.weight
