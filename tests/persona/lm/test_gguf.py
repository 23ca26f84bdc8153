"""The file for llama.cpp is made once, whole, and again when the weights are others."""

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from gguf import GGUFReader
from safetensors.numpy import load_file, save_file

from persona.lm.gguf import (
    SETTLED_S,
    cached_gguf,
    content_digest,
    gguf_name,
    piece,
    read_pieces,
)
from persona.lm.process import child_environment
from persona.lm.protocol import EngineError
from persona.lm.weights import ONE_FILE, PICKLED, expected_shapes, read_shape


@pytest.fixture
def copy(tiny: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny, tmp_path / "사본 폴더"))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "새 캐시"


def change_weights(folder: Path) -> None:
    tensors = load_file(folder / ONE_FILE)
    tensors["transformer.wte.weight"] = tensors["transformer.wte.weight"] + 1
    save_file(tensors, folder / ONE_FILE, {"format": "pt"})


def test_pieces_are_read_back_as_ids() -> None:
    ids = [0, 7, 51199, 12]
    assert list(read_pieces("".join(map(piece, ids)))) == ids
    assert list(read_pieces("")) == []


def test_every_tensor_has_a_name_of_its_own(tiny: Path) -> None:
    names = [gguf_name(name) for name in expected_shapes(read_shape(tiny))]
    assert len(set(names)) == len(names)
    assert "blk.1.attn_qkv.bias" in names


def test_the_file_holds_the_weights(tiny: Path, store: Path) -> None:
    file = GGUFReader(cached_gguf(tiny, store, "f32"))
    found = {tensor.name: tensor.data for tensor in file.tensors}
    stored = load_file(tiny / ONE_FILE)
    assert np.array_equal(found["token_embd.weight"], stored["transformer.wte.weight"])
    ours = stored["transformer.h.1.mlp.c_fc.weight"]
    assert np.array_equal(found["blk.1.ffn_up.weight"], ours.T)


def test_eight_bits_take_a_third_of_the_room(tiny: Path, store: Path) -> None:
    small, whole = (cached_gguf(tiny, store, p).stat().st_size for p in ("q8_0", "f32"))
    assert small < whole / 2.5


def test_it_is_made_once(tiny: Path, store: Path) -> None:
    said: list[str] = []
    path = cached_gguf(tiny, store, "f32", said.append)
    made = path.stat().st_mtime_ns
    assert cached_gguf(tiny, store, "f32", said.append) == path
    assert path.stat().st_mtime_ns == made
    assert len(said) == 1
    assert not list(store.glob("*.tmp"))


def test_the_same_weights_elsewhere_share_it(copy: Path, tiny: Path, store: Path) -> None:
    assert cached_gguf(tiny, store, "f32") == cached_gguf(copy, store, "f32")


def test_it_is_made_again_when_the_weights_change(copy: Path, store: Path) -> None:
    first = cached_gguf(copy, store, "f32")
    change_weights(copy)
    assert cached_gguf(copy, store, "f32") != first


def test_what_was_made_of_the_weights_before_is_removed(copy: Path, store: Path) -> None:
    time.sleep(SETTLED_S + 0.1)
    first = [cached_gguf(copy, store, precision) for precision in ("f32", "q8_0")]
    change_weights(copy)
    time.sleep(SETTLED_S + 0.1)
    second = cached_gguf(copy, store, "f32")
    assert list(store.glob("*.gguf")) == [second]
    assert second not in first


def test_what_another_checkpoint_needs_stays(copy: Path, tiny: Path, store: Path) -> None:
    time.sleep(SETTLED_S + 0.1)
    shared = cached_gguf(copy, store, "f32")
    assert cached_gguf(tiny, store, "f32") == shared
    change_weights(copy)
    time.sleep(SETTLED_S + 0.1)
    assert cached_gguf(copy, store, "f32") != shared
    assert shared.exists()


def test_a_cache_that_keeps_no_digest_still_gives_its_file(copy: Path, store: Path) -> None:
    time.sleep(SETTLED_S + 0.1)
    made = cached_gguf(copy, store, "f32")
    (memory,) = store.glob("*.json")
    memory.unlink()
    memory.mkdir()  # nothing can be written in its place
    assert cached_gguf(copy, store, "f32") == made
    assert not list(store.glob("*.tmp"))


def test_a_change_that_keeps_size_and_time_is_seen(copy: Path, store: Path) -> None:
    weights = copy / ONE_FILE
    old = time.time() - 1000
    os.utime(weights, (old, old))
    store.mkdir()
    time.sleep(SETTLED_S + 0.1)
    before, size = content_digest([weights], store), weights.stat().st_size
    assert list(store.glob("*.json"))  # it is remembered by now
    with weights.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x01")
    os.utime(weights, (old, old))
    assert weights.stat().st_size == size
    assert content_digest([weights], store) != before


def test_files_that_settled_are_not_read_again(copy: Path, store: Path) -> None:
    store.mkdir()
    weights = copy / ONE_FILE
    time.sleep(SETTLED_S + 0.1)
    digest = content_digest([weights], store)
    (memory,) = store.glob("*.json")
    memory.write_text(memory.read_text().replace(digest, "remembered"))
    assert content_digest([weights], store) == "remembered"
    memory.write_text("broken")
    assert content_digest([weights], store) == digest


def test_two_processes_at_once_make_one_whole_file(tiny: Path, store: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from persona.lm.gguf import cached_gguf\n"
        "print(cached_gguf(Path(sys.argv[1]), Path(sys.argv[2]), 'f32', lambda s: print('made')))"
    )
    command = [sys.executable, "-c", code, str(tiny), str(store)]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_environment())
        for _ in range(2)
    ]
    said = [process.communicate(timeout=60)[0].split("\n") for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(lines.count("made") for lines in said) == 1
    (path,) = {lines[-2] for lines in said}
    assert len(GGUFReader(path).tensors) == len(expected_shapes(read_shape(tiny)))
    assert not list(store.glob("*.tmp"))


def test_what_a_killed_process_left_is_cleared(tiny: Path, store: Path) -> None:
    path = cached_gguf(tiny, store, "f32")
    path.unlink()
    left_over = path.with_suffix(".99999.tmp")
    left_over.write_bytes(b"half")
    assert cached_gguf(tiny, store, "f32").exists()
    assert not left_over.exists()


def test_a_full_disk_is_a_sentence_and_leaves_nothing(tiny: Path, store: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(EngineError, match="free some disk space"):
            cached_gguf(tiny, store, "f32")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not [*store.glob("*.tmp"), *store.glob("*.gguf")]
    assert cached_gguf(tiny, store, "f32").exists()


def test_a_folder_that_cannot_be_written_is_a_sentence(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EngineError, match="choose another folder with JJINCHIN_CACHE_DIR"):
        cached_gguf(tiny, tmp_path / "file", "f32")


def test_what_is_wrong_with_the_weights_is_said(copy: Path, store: Path) -> None:
    (copy / ONE_FILE).write_bytes(b"not weights")
    with pytest.raises(EngineError, match="broken or not plain weights"):
        cached_gguf(copy, store, "f32")
    assert not [*store.glob("*.tmp"), *store.glob("*.gguf")]


def test_a_pickled_checkpoint_is_converted_too(copy: Path, tiny: Path, store: Path) -> None:
    stored = load_file(copy / ONE_FILE)
    (copy / ONE_FILE).unlink()
    torch.save({name: torch.from_numpy(array) for name, array in stored.items()}, copy / PICKLED)
    converted, straight = cached_gguf(copy, store, "f32"), cached_gguf(tiny, store, "f32")
    assert converted.name != straight.name
    assert converted.read_bytes() == straight.read_bytes()
