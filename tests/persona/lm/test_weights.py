"""Every checkpoint that is a GPT-2 opens; every other one is a sentence, and runs nothing."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_torch_file

from persona.lm.protocol import EngineError
from persona.lm.weights import INDEX, ONE_FILE, PICKLED, load_tensors, read_shape, weight_files


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "사본 폴더"))


def tensors_of(folder: Path) -> dict[str, np.ndarray]:
    return dict(load_tensors(folder, read_shape(folder)))


def assert_same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray], atol: float) -> None:
    assert found.keys() == expected.keys()
    for name, array in found.items():
        assert np.allclose(array, expected[name], atol=atol), name


def test_names_come_without_their_prefix(tiny: Path) -> None:
    stored = load_file(tiny / ONE_FILE)
    assert all(name.startswith("transformer.") for name in stored)
    expected = {name.removeprefix("transformer."): array for name, array in stored.items()}
    assert_same(tensors_of(tiny), expected, atol=0)


def test_names_without_a_prefix_open_as_well(copy: Path, tiny: Path) -> None:
    stored = load_file(copy / ONE_FILE)
    save_file({n.removeprefix("transformer."): a for n, a in stored.items()}, copy / ONE_FILE)
    assert_same(tensors_of(copy), tensors_of(tiny), atol=0)


def test_shards_open_by_their_index(copy: Path, tiny: Path) -> None:
    make_shards(copy)
    assert len(weight_files(copy)) == 3
    assert_same(tensors_of(copy), tensors_of(tiny), atol=0)


def make_shards(folder: Path) -> None:
    stored = load_file(folder / ONE_FILE)
    (folder / ONE_FILE).unlink()
    names = [f"model-0000{n}-of-00003.safetensors" for n in (1, 2, 3)]
    where = {tensor: names[n % 3] for n, tensor in enumerate(sorted(stored))}
    for name in names:
        save_file({t: stored[t] for t in stored if where[t] == name}, folder / name)
    (folder / INDEX).write_text(json.dumps({"metadata": {}, "weight_map": where}))


@pytest.mark.parametrize(("kind", "atol"), [(torch.float16, 1e-3), (torch.bfloat16, 1e-2)])
def test_sixteen_bits_open(copy: Path, tiny: Path, kind: torch.dtype, atol: float) -> None:
    stored = load_file(copy / ONE_FILE)
    save_torch_file({n: torch.from_numpy(a).to(kind) for n, a in stored.items()}, copy / ONE_FILE)
    assert_same(tensors_of(copy), tensors_of(tiny), atol)


def test_a_pickled_checkpoint_opens_with_its_old_masks(copy: Path, tiny: Path) -> None:
    stored = load_file(copy / ONE_FILE)
    (copy / ONE_FILE).unlink()
    state = {name: torch.from_numpy(array) for name, array in stored.items()}
    state["transformer.h.0.attn.bias"] = torch.ones(1, 1, 8, 8, dtype=torch.uint8)
    state["transformer.h.0.attn.masked_bias"] = torch.tensor(-1e4)
    torch.save(state, copy / PICKLED)
    assert_same(tensors_of(copy), tensors_of(tiny), atol=0)


class Code:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("how", ["torch.save", "pickle"])
def test_code_in_a_pickled_checkpoint_is_refused_and_not_run(copy: Path, how: str) -> None:
    (copy / ONE_FILE).unlink()
    trace = copy / "ran"
    state = {"wte.weight": Code(f"touch '{trace}'")}
    if how == "pickle":
        (copy / PICKLED).write_bytes(pickle.dumps(state, protocol=2))
    else:
        torch.save(state, copy / PICKLED)
    with pytest.raises(EngineError, match="broken or not plain weights"):
        tensors_of(copy)
    assert not trace.exists()


def cut(name: str, size: int) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def put(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def configure(**changes: object) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | changes))

    return change


def edit(change: Callable[[dict[str, np.ndarray]], object]) -> Callable[[Path], object]:
    def apply(folder: Path) -> None:
        tensors = load_file(folder / ONE_FILE)
        change(tensors)
        save_file(tensors, folder / ONE_FILE)

    return apply


def remove(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def lose_a_shard(folder: Path) -> None:
    make_shards(folder)
    (folder / "model-00002-of-00003.safetensors").unlink()


def point_elsewhere(folder: Path) -> None:
    (folder / ONE_FILE).unlink()
    (folder / INDEX).write_text(json.dumps({"weight_map": {"wte.weight": "../../etc/passwd"}}))


def truncated_pickle(folder: Path) -> None:
    (folder / ONE_FILE).unlink()
    torch.save({"wte.weight": torch.ones(1000)}, folder / PICKLED)
    cut(PICKLED, 300)(folder)


def empty_pickle(folder: Path) -> None:
    (folder / ONE_FILE).unlink()
    (folder / PICKLED).touch()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n"
WTE, NORM = "transformer.wte.weight", "transformer.ln_f.bias"
BROKEN = {
    "no config": (remove("config.json"), "config.json cannot be read"),
    "config is no JSON": (put("config.json", b"{"), "config.json cannot be read"),
    "config is a list": (put("config.json", b"[]"), "config.json cannot be read"),
    "config is not text": (put("config.json", b"\xff\xfe\x00"), "config.json cannot be read"),
    "another model": (configure(model_type="llama"), "Not a GPT-2 model"),
    "no sizes": (put("config.json", b'{"model_type": "gpt2"}'), "config.json cannot be read"),
    "impossible heads": (configure(n_head=7), "config.json cannot be read"),
    "no layers": (configure(n_layer=0), "config.json cannot be read"),
    "odd activation": (configure(activation_function="relu"), "activation_function"),
    "odd attention": (configure(scale_attn_weights=False), "scale_attn_weights"),
    "no weights": (remove(ONE_FILE), "Weight files are missing"),
    "a lost shard": (lose_a_shard, "Weight files are missing"),
    "an index that leads out": (point_elsewhere, "Weight files are missing"),
    "a broken index": (lambda f: (remove(ONE_FILE)(f), put(INDEX, b"{}")(f)), "broken"),
    "an empty index": (
        lambda f: (remove(ONE_FILE)(f), put(INDEX, b'{"weight_map": {}}')(f)),
        "Weight files are missing",
    ),
    "an empty file": (put(ONE_FILE, b""), "broken or not plain weights"),
    "cut in the header": (cut(ONE_FILE, 100), "broken or not plain weights"),
    "cut in the numbers": (cut(ONE_FILE, 50_000), "broken or not plain weights"),
    "a pointer to the file": (put(ONE_FILE, LFS), "broken or not plain weights"),
    "a cut pickle": (truncated_pickle, "broken or not plain weights"),
    "an empty pickle": (empty_pickle, "broken or not plain weights"),
    "a tensor is missing": (edit(lambda t: t.pop(NORM)), "ln_f.bias is missing"),
    "another vocabulary": (configure(vocab_size=301), "wte.weight is 300x64"),
    "another width": (configure(n_embd=32, n_head=1), "do not fit"),
    "not finite": (edit(lambda t: t[WTE].__setitem__((3, 3), np.nan)), "not finite"),
    "an untied head is missing": (
        configure(tie_word_embeddings=False),
        "lm_head.weight is missing",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_checkpoint_is_a_sentence(copy: Path, case: str) -> None:
    harm, words = BROKEN[case]
    harm(copy)
    with pytest.raises(EngineError, match=words) as caught:
        tensors_of(copy)
    korean, _, english = str(caught.value).rpartition(" (")
    assert "요." in korean
    assert english.endswith(")")
    assert len(str(caught.value).splitlines()) == 1


def test_a_head_of_its_own_is_read(copy: Path) -> None:
    configure(tie_word_embeddings=False)(copy)
    head = np.ones((300, 64), np.float32)
    edit(lambda t: t.__setitem__("lm_head.weight", head))(copy)
    assert np.array_equal(tensors_of(copy)["lm_head.weight"], head)
