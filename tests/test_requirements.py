"""The pinned requirements agree with the short files they are made from, and with our imports."""

import ast
import hashlib
import re
import sys
from importlib.metadata import packages_distributions
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
# Each file includes the ones before it.
NAMES = ["requirements", "requirements-train", "requirements-test"]
OWNERS_SIX = {"gradio", "torch", "transformers", "openai-whisper", "gtts", "py-avataaars"}
ROOMS = ["app", "bench", "persona", "training", "voice"]


def lines(path: Path) -> list[str]:
    """The lines of a requirements file without comments and blanks."""
    stripped = (
        re.sub(r"(^|\s)#.*", "", line).strip() for line in path.read_text("utf-8").splitlines()
    )
    return [line for line in stripped if line]


def wanted(name: str) -> list[Requirement]:
    """What the .in file itself asks for, included files aside."""
    return [Requirement(line) for line in lines(ROOT / f"{name}.in") if not line.startswith("-r ")]


def pinned(name: str) -> list[Requirement]:
    """Every line of the .txt file."""
    return [Requirement(line) for line in lines(ROOT / f"{name}.txt")]


@pytest.mark.parametrize("name", NAMES)
def test_every_dependency_says_why(name: str) -> None:
    for line in (ROOT / f"{name}.in").read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "-r ")):
            assert re.search(r"\S\s+# \w+", line), f"{name}.in: {line!r} has no reason beside it"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_wanted_is_pinned_at_a_version_that_satisfies_it(name: str) -> None:
    for requirement in wanted(name):
        same = [
            pin
            for pin in pinned(name)
            if canonicalize_name(pin.name) == canonicalize_name(requirement.name)
        ]
        assert same, f"{requirement.name} is in {name}.in and not in {name}.txt"
        for pin in same:
            version = str(pin.specifier).removeprefix("==")
            assert requirement.specifier.contains(version), f"{pin} does not satisfy {requirement}"


@pytest.mark.parametrize("name", NAMES)
def test_every_line_is_one_exact_version(name: str) -> None:
    for pin in pinned(name):
        assert re.fullmatch(r"==[\w.!+]+", str(pin.specifier)), f"{name}.txt: {pin}"
        assert not pin.url, f"{name}.txt: {pin} comes from an address"
        assert "+" not in str(pin.specifier), f"{name}.txt: {pin} is one machine's build"


@pytest.mark.parametrize("name", NAMES)
def test_gpu_libraries_are_left_to_the_torch_wheel(name: str) -> None:
    gpu = [p.name for p in pinned(name) if re.match(r"(nvidia|cuda)-|triton$", p.name)]
    assert gpu == []


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_machine_that_made_it_is_in_the_file(name: str) -> None:
    text = (ROOT / f"{name}.txt").read_text("utf-8")
    assert not re.search(r"https?://|file:|--(extra-)?index|--find-links|--trusted|[\s=]/\w", text)


@pytest.mark.parametrize("name", NAMES)
def test_the_header_names_the_command_and_the_source_as_it_is_now(name: str) -> None:
    made_by, source = (ROOT / f"{name}.txt").read_text("utf-8").splitlines()[:2]
    assert "make lock" in made_by
    digest = hashlib.sha256((ROOT / f"{name}.in").read_bytes()).hexdigest()
    assert source.endswith(digest), f"{name}.in was edited: run `make lock`"


@pytest.mark.parametrize(("smaller", "larger"), list(pairwise(NAMES)))
def test_a_larger_set_includes_the_smaller_line_by_line(smaller: str, larger: str) -> None:
    assert f"-r {smaller}.txt" in lines(ROOT / f"{larger}.in")
    missing = set(lines(ROOT / f"{smaller}.txt")) - set(lines(ROOT / f"{larger}.txt"))
    assert missing == set(), "run `make lock`"


def test_the_owners_six_are_there() -> None:
    assert {canonicalize_name(r.name) for r in wanted("requirements")} >= OWNERS_SIX


def test_what_our_code_imports_is_asked_for_by_name() -> None:
    base = {canonicalize_name(r.name) for r in wanted("requirements")}
    train = base | {canonicalize_name(r.name) for r in wanted("requirements-train")}
    distributions = packages_distributions()
    for room in ROOMS:
        allowed = train if room == "training" else base
        for path in (ROOT / room).rglob("*.py"):
            for module in imported(path) - sys.stdlib_module_names - {*ROOMS}:
                names = {canonicalize_name(name) for name in distributions.get(module, [module])}
                assert names & allowed, (
                    f"{path.relative_to(ROOT)} imports {module}; no .in file has it"
                )


def imported(path: Path) -> set[str]:
    """The top-level names of the modules that a file imports, relative ones aside."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found
