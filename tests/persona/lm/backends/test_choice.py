"""The backend that suits the machine is found without loading the others."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from persona.lm.backends import choose, open_backend
from persona.lm.process import child_environment
from persona.lm.protocol import EngineError, ModelSpec

NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")


@NO_GPU
def test_a_cpu_gets_llamacpp_and_a_gpu_torch(tiny: Path) -> None:
    spec = ModelSpec(folder=tiny)
    assert choose(spec) == choose(replace(spec, device="cpu")) == "llamacpp"
    assert choose(replace(spec, device="cuda")) == "torch"
    assert choose(replace(spec, backend="reference")) == "reference"


def test_a_name_that_is_no_file_is_a_sentence(tiny: Path) -> None:
    with pytest.raises(EngineError, match="choose one of: auto, llamacpp, reference, torch"):
        open_backend(ModelSpec(folder=tiny, backend="../evil"))


def run(code: str, *arguments: object) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout


OPEN = """
import sys
from pathlib import Path
sys.modules["xllamacpp"] = None  # as if it were not installed
from persona.lm.backends import open_backend
from persona.lm.protocol import EngineError, ModelSpec
try:
    opened = open_backend(ModelSpec(folder=Path(sys.argv[1]), backend=sys.argv[2], device="cpu"))
    print(opened.backend.name, *opened.notices)
except EngineError as error:
    print("refused", error)
"""


def test_without_llamacpp_torch_answers_and_says_so(tiny: Path) -> None:
    said = run(OPEN, tiny, "auto")
    assert said.startswith("torch ")
    assert "llama.cpp does not run on this machine" in said


def test_who_asks_for_llamacpp_by_name_is_told_what_to_install(tiny: Path) -> None:
    said = run(OPEN, tiny, "llamacpp")
    assert said.startswith("refused ")
    assert "install requirements.txt" in said


def test_llamacpp_brings_neither_torch_nor_numpy_along(tiny: Path, cache: Path) -> None:
    code = """
import sys
from pathlib import Path
from persona.lm.backends import open_backend
from persona.lm.protocol import ModelSpec, Sampling
spec = ModelSpec(folder=Path(sys.argv[1]), backend="llamacpp", cache_dir=Path(sys.argv[2]))
print(len(list(open_backend(spec).backend.generate([1, 2], Sampling(temperature=0)))))
print(sorted({"torch", "transformers", "numpy", "gguf", "safetensors"} & set(sys.modules)))
"""
    assert run(code, tiny, cache).splitlines() == ["64", "[]"]
