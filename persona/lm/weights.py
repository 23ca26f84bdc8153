"""Opens the files of a GPT-2 checkpoint as plain arrays; nothing that lies in them is run."""

import json
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from persona.lm.protocol import EngineError

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]

ONE_FILE = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLED = "pytorch_model.bin"

PREFIX = "transformer."
HEAD = "lm_head.weight"
# The one activation that every backend computes; the two names mean the same.
ACTIVATIONS = ("gelu_new", "gelu_pytorch_tanh")
# Settings of config.json that change the computation, with the value that all backends know.
USUAL = {
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "reorder_and_upcast_attn": False,
    "add_cross_attention": False,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a GPT-2."""

    vocabulary: int
    positions: int
    width: int
    layers: int
    heads: int
    inner: int
    epsilon: float
    tied: bool


def read_shape(folder: Path) -> Shape:
    """Read config.json, or say why this is no GPT-2 that can be computed."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if config.get("model_type") != "gpt2":
            raise EngineError(
                f"{folder} 모델은 GPT-2 계열이 아니에요 ({config.get('model_type')}). KoGPT2 같은 "
                "GPT-2 모델을 골라 주세요. (Not a GPT-2 model; choose one such as KoGPT2.)"
            )
        shape = _shape(config)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise EngineError(
            f"{folder / 'config.json'} 파일을 읽을 수 없어요 ({error!r}). 체크포인트를 다시 받아 "
            "주세요. (config.json cannot be read; fetch the checkpoint again.)"
        ) from error
    odd = [name for name, usual in USUAL.items() if config.get(name, usual) != usual]
    if config.get("activation_function", "gelu_new") not in ACTIVATIONS:
        odd.append("activation_function")
    if odd:
        raise EngineError(
            f"{folder / 'config.json'} 설정 가운데 다룰 수 없는 것이 있어요: {', '.join(odd)}. "
            f"보통의 GPT-2 모델을 골라 주세요. (Unusual settings: {', '.join(odd)}; choose a "
            "plain GPT-2.)"
        )
    return shape


def _shape(config: dict[str, Any]) -> Shape:
    width, heads = int(config["n_embd"]), int(config["n_head"])
    shape = Shape(
        vocabulary=int(config["vocab_size"]),
        positions=int(config["n_positions"]),
        width=width,
        layers=int(config["n_layer"]),
        heads=heads,
        inner=int(config.get("n_inner") or 4 * width),
        epsilon=float(config.get("layer_norm_epsilon", 1e-5)),
        tied=bool(config.get("tie_word_embeddings", True)),
    )
    if min(shape.vocabulary, shape.positions, width, shape.layers, heads) < 1 or width % heads:
        raise ValueError("its sizes are impossible")
    return shape


def expected_shapes(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Give the name and shape of every tensor; linear layers are stored input first."""
    wide, inner = shape.width, shape.inner
    expected: dict[str, tuple[int, ...]] = {
        "wte.weight": (shape.vocabulary, wide),
        "wpe.weight": (shape.positions, wide),
        "ln_f.weight": (wide,),
        "ln_f.bias": (wide,),
    }
    linear = {"attn.c_attn": (wide, 3 * wide), "attn.c_proj": (wide, wide)}
    linear |= {"mlp.c_fc": (wide, inner), "mlp.c_proj": (inner, wide)}
    for layer in range(shape.layers):
        for norm in ("ln_1", "ln_2"):
            expected[f"h.{layer}.{norm}.weight"] = expected[f"h.{layer}.{norm}.bias"] = (wide,)
        for name, size in linear.items():
            expected[f"h.{layer}.{name}.weight"] = size
            expected[f"h.{layer}.{name}.bias"] = size[1:]
    if not shape.tied:
        expected[HEAD] = (shape.vocabulary, wide)
    return expected


def weight_files(folder: Path) -> list[Path]:
    """Give the files that hold the weights, or say which one is missing."""
    names = [ONE_FILE]
    if not (folder / ONE_FILE).exists() and (folder / INDEX).exists():
        try:
            index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            # A name, never a path: an index must not lead out of its folder.
            names = sorted({Path(name).name for name in index["weight_map"].values()})
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise _broken(folder / INDEX, error) from error
    elif not (folder / ONE_FILE).exists() and (folder / PICKLED).exists():
        names = [PICKLED]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing or not names:
        raise EngineError(
            f"{folder} 폴더에 가중치 파일이 없어요: {', '.join(missing or [ONE_FILE])}. "
            "체크포인트를 다시 받아 주세요. (Weight files are missing; fetch the checkpoint again.)"
        )
    return [folder / name for name in names]


def load_tensors(folder: Path, shape: Shape) -> "dict[str, Array]":
    """Give all tensors by GPT-2's own names, in 16 or 32 bits as stored, checked for sense."""
    import numpy as np  # not above: who only looks for files does without

    expected = expected_shapes(shape)
    found: dict[str, Array] = {}
    for path in weight_files(folder):
        for name, array in _read(path):
            found[name.removeprefix(PREFIX)] = array
    for name, size in expected.items():
        problem = None
        array = found.get(name, np.empty(0))
        if name not in found:
            problem = f"{name} is missing"
        elif array.shape != size:
            problem = f"{name} is {_by(array.shape)}, config.json says {_by(size)}"
        elif not np.isfinite(array).all():
            problem = f"{name} holds numbers that are not finite"
        if problem:
            raise EngineError(
                f"{folder} 가중치가 config.json과 맞지 않아요 ({problem}). 같은 체크포인트의 "
                f"파일끼리 두세요. (The weights do not fit: {problem}; keep the files of one "
                "checkpoint together.)"
            )
    return {name: found[name] for name in expected}


def _read(path: Path) -> "Iterator[tuple[str, Array]]":
    try:
        yield from _read_pickled(path) if path.name == PICKLED else _read_safetensors(path)
    except ImportError:
        raise
    # RuntimeError and EOFError are torch's words for a file cut short.
    except (OSError, ValueError, KeyError, RuntimeError, EOFError, pickle.PickleError) as error:
        raise _broken(path, error) from error


def _read_safetensors(path: Path) -> "Iterator[tuple[str, Array]]":
    import numpy as np
    from safetensors import SafetensorError, deserialize

    try:
        entries = deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise ValueError(str(error)) from error
    for name, entry in entries:
        kind, data, size = entry["dtype"], entry["data"], entry["shape"]
        if kind in ("F32", "F16"):
            array = np.frombuffer(data, np.float32 if kind == "F32" else np.float16)
        elif kind == "BF16":  # numpy has no such type: it is the upper half of a float32
            array = (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:  # masks that old checkpoints carry along
            continue
        yield name, array.reshape(size)


def _read_pickled(path: Path) -> "Iterator[tuple[str, Array]]":
    import torch

    # weights_only refuses every pickle that would run code.
    for name, tensor in torch.load(path, map_location="cpu", weights_only=True).items():
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
            half = tensor.dtype == torch.float16
            yield name, (tensor if half else tensor.float()).detach().numpy()


def _by(size: tuple[int, ...]) -> str:
    return "x".join(map(str, size))


def _broken(path: Path, error: Exception) -> EngineError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return EngineError(
        f"{path} 파일이 깨졌거나 가중치가 아니에요 ({reason[:200]}). "
        "체크포인트를 다시 받아 주세요. (The file is broken or not plain weights; fetch the "
        "checkpoint again.)"
    )
