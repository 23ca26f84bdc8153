"""Makes the file that llama.cpp reads out of a checkpoint, once, and keeps it in the cache folder.

llama.cpp never sees text: the piece of token 7 is the string `<7>`. Every piece ends where the
next begins, so nothing is held back as half a letter, ids are read off the pieces at no cost,
and an end id is a stop string. The vocabulary calls itself RWKV because that kind needs no merges
and has no end token of its own.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from persona.lm.process import child_environment, python_command
from persona.lm.protocol import EngineError
from persona.lm.weights import Shape, load_tensors, read_shape, weight_files

if TYPE_CHECKING:
    from gguf import GGUFWriter

    from persona.lm.weights import Array

PRECISIONS = ("q8_0", "f32")
# Part of the file's name: raise it when the same weights should give another file.
LAYOUT = "1"
BLOCK = 32  # q8_0 keeps one scale for so many numbers of a row
# A file changed in the last moments could change again under the same time stamp.
SETTLED_S = 2.0

NAMES = {"wte": "token_embd", "wpe": "position_embd", "ln_f": "output_norm", "lm_head": "output"}
BLOCK_NAMES = {
    "ln_1": "attn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "ln_2": "ffn_norm",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}


def default_cache() -> Path:
    """Give the folder that is used when none was named."""
    return Path.home() / ".cache" / "jjinchin" / "gguf"


def piece(token: int) -> str:
    """Give the string that stands for an id."""
    return f"<{token}>"


def read_pieces(text: str) -> Iterable[int]:
    """Give the ids that a string of pieces stands for."""
    return map(int, text[1:-1].split("><")) if text else ()


def cached_gguf(
    folder: Path, cache: Path, precision: str, say: Callable[[str], None] = lambda _: None
) -> Path:
    """Give the GGUF file of a checkpoint, made if it is not there or the weights have changed."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        digest = content_digest([folder / "config.json", *weight_files(folder)], cache)
        target = cache / f"{digest}-{precision}.gguf"
        if not target.exists():
            _make_once(folder, target, precision, say)
        return target
    except OSError as error:
        raise _unwritable(cache, error) from error


def content_digest(files: Sequence[Path], cache: Path) -> str:
    """Give the hash of what the files hold; files that were not touched are not read again."""
    states = [_state(path) for path in files]
    memory = cache / f"{hashlib.sha256(states[0][0].encode()).hexdigest()[:16]}.json"
    known: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        known = json.loads(memory.read_text(encoding="utf-8"))
    if known.get("layout") == LAYOUT and known.get("files") == states:
        return str(known["digest"])
    total = hashlib.sha256(LAYOUT.encode())
    for path in files:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    digest = total.hexdigest()[:32]
    newest = max(max(path.stat().st_mtime, path.stat().st_ctime) for path in files)
    if newest < time.time() - SETTLED_S:
        _remember(memory, {"layout": LAYOUT, "files": states, "digest": digest})
        _remove_unknown(cache, str(known.get("digest")))
    return digest


def _remember(memory: Path, about: dict[str, Any]) -> None:
    """Keep what was found for the next time; a cache that is read-only will do without."""
    draft = memory.with_suffix(f".{os.getpid()}.tmp")
    with suppress(OSError):
        try:
            draft.write_text(json.dumps(about), encoding="utf-8")
            draft.replace(memory)
        finally:
            draft.unlink(missing_ok=True)


def _remove_unknown(cache: Path, digest: str) -> None:
    """Remove the files of weights that no checkpoint holds any more."""
    # Whoever still reads one keeps it until it ends; whoever is about to makes it again.
    with suppress(OSError, ValueError):
        if not any(digest in memory.read_text("utf-8") for memory in cache.glob("*.json")):
            for precision in PRECISIONS:
                (cache / f"{digest}-{precision}.gguf").unlink(missing_ok=True)


def _state(path: Path) -> list[Any]:
    # The time of change (ctime) cannot be set back, as that of writing can.
    found = path.stat()
    name = ascii(str(path.resolve()))
    return [name, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _make_once(folder: Path, target: Path, precision: str, say: Callable[[str], None]) -> None:
    """Write the file unless another process just did."""
    from filelock import FileLock  # not above: mostly the file is there

    # The lock goes with the process that holds it, however that one ends.
    with FileLock(target.with_suffix(".lock")):
        if target.exists():
            return
        for left_over in target.parent.glob(f"{target.stem}.*.tmp"):
            left_over.unlink(missing_ok=True)
        say("모델을 처음 쓸 준비를 하고 있어요. (Preparing the model for its first use.)")
        _make_in_child(folder, target, target.with_suffix(f".{os.getpid()}.tmp"), precision)


def _make_in_child(folder: Path, target: Path, draft: Path, precision: str) -> None:
    """Write the file in a process of its own, so that what it took of memory comes back."""
    try:
        made = subprocess.run(
            [*python_command("persona.lm.gguf"), str(folder), str(draft), precision],
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if made.returncode != 0:
            lines = made.stdout.splitlines() or made.stderr.splitlines() or [str(made.returncode)]
            raise EngineError(lines[-1])
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def write_gguf(folder: Path, target: Path, precision: str) -> None:
    """Write a checkpoint as one GGUF file."""
    import gguf
    import numpy as np

    shape = read_shape(folder)
    tensors = load_tensors(folder, shape)
    q8_0 = gguf.GGMLQuantizationType.Q8_0
    try:
        writer = gguf.GGUFWriter(target, "gpt2")
        _write_header(writer, shape)
        for name in list(tensors):
            array = _laid_out(name, tensors.pop(name)).astype(np.float32)
            matrix = array.ndim == 2 and name != "wpe.weight" and array.shape[1] % BLOCK == 0
            if precision == "q8_0" and matrix:
                writer.add_tensor(gguf_name(name), gguf.quantize(array, q8_0), raw_dtype=q8_0)
            else:
                writer.add_tensor(gguf_name(name), np.ascontiguousarray(array))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    except OSError as error:
        raise _unwritable(target.parent, error) from error


def _write_header(writer: "GGUFWriter", shape: Shape) -> None:
    writer.add_context_length(shape.positions)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_head_count(shape.heads)
    writer.add_feed_forward_length(shape.inner)
    writer.add_layer_norm_eps(shape.epsilon)
    writer.add_tokenizer_model("rwkv")
    writer.add_token_list([piece(token) for token in range(shape.vocabulary)])
    writer.add_token_types([1] * shape.vocabulary)


def _laid_out(name: str, array: "Array") -> "Array":
    """Turn GPT-2's linear layers, which are stored input first, the way llama.cpp has them."""
    return array.T if array.ndim == 2 and name.startswith("h.") else array


def gguf_name(name: str) -> str:
    """Give llama.cpp's name for one of GPT-2's tensors."""
    stem, kind = name.rsplit(".", 1)
    if not name.startswith("h."):
        return f"{NAMES[stem]}.{kind}"
    _, layer, part = stem.split(".", 2)
    return f"blk.{layer}.{BLOCK_NAMES[part]}.{kind}"


def _unwritable(folder: Path, error: OSError) -> EngineError:
    return EngineError(
        f"{folder} 폴더에 모델 파일을 쓸 수 없어요 ({error.strerror}). 디스크를 비우거나 "
        "JJINCHIN_CACHE_DIR로 다른 폴더를 골라 주세요. (The model file cannot be written: free "
        "some disk space, or choose another folder with JJINCHIN_CACHE_DIR.)"
    )


def main(folder: str, target: str, precision: str) -> int:
    """Write one file; what goes wrong is said in the last line of the output."""
    try:
        write_gguf(Path(folder), Path(target), precision)
    except EngineError as error:
        sys.stdout.buffer.write(f"{error}\n".encode())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
