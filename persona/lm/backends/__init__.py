"""One file a backend; the file's name is the backend's name."""

import ctypes
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from persona.lm.protocol import Backend, EngineError, ModelSpec

# How the threads of a computation wait for each other: GNU's spin for a moment, then they sleep
# like all others. Those that go on spinning bring each other to a crawl on a busy machine.
WAITING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "300"}
AUTO = "auto"
ON_CPU, ON_GPU = "llamacpp", "torch"


@dataclass(frozen=True, slots=True)
class Opened:
    """A backend, and what its user should know about how it came to be this one."""

    backend: Backend
    notices: list[str] = field(default_factory=list)


def backend_names() -> list[str]:
    """Give the names of all backends."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def choose(spec: ModelSpec) -> str:
    """Give the name of the backend that suits the machine, without loading any."""
    if spec.backend != AUTO:
        return spec.backend
    if spec.device == "cuda" or (spec.device == "auto" and _gpu_here()):
        return ON_GPU
    return ON_CPU


def open_backend(spec: ModelSpec, say: Callable[[str], None] = lambda _: None) -> Opened:
    """Open the backend that was asked for; `auto` goes on with torch where llama.cpp is missing."""
    name = choose(spec)
    if name not in backend_names():
        known = ", ".join([AUTO, *backend_names()])
        raise EngineError(
            f"{name!r} 백엔드는 없어요. {known} 가운데 골라 주세요. "
            f"(There is no such backend; choose one of: {known}.)"
        )
    # Read when the backend's libraries are loaded.
    for variable, value in WAITING.items():
        os.environ.setdefault(variable, value)
    try:
        return Opened(_open(name, spec, say))
    except ImportError as error:
        if spec.backend != AUTO or name != ON_CPU:
            raise EngineError(
                f"{name} 백엔드에 필요한 패키지를 불러올 수 없어요 ({error}). "
                "`pip install -r requirements.txt` 로 설치해 주세요. (A package that this backend "
                "needs cannot be imported; install requirements.txt.)"
            ) from error
        return Opened(_open(ON_GPU, replace(spec, backend=ON_GPU), say), [without_llamacpp()])


def without_llamacpp() -> str:
    """Give the sentence that says why torch answers on a CPU."""
    return (
        "이 컴퓨터에서는 llama.cpp를 쓸 수 없어서 torch로 답해요. 조금 느릴 수 있어요. "
        "(llama.cpp does not run on this machine, so torch answers; it may be slower.)"
    )


def _open(name: str, spec: ModelSpec, say: Callable[[str], None]) -> Backend:
    module = importlib.import_module(f"persona.lm.backends.{name}")
    backend: Backend = module.open_model(spec, say)
    return backend


def _gpu_here() -> bool:
    """Say whether torch would find a GPU; torch is imported only where there is a driver."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int()
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0 or not count:
        return False
    try:
        import torch
    except ImportError:
        return False
    return torch.cuda.is_available()
