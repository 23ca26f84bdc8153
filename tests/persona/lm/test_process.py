"""Our processes find our packages, and nobody else's files."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from persona.lm.process import ROOT, child_environment, python_command


def test_our_packages_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    paths = child_environment()["PYTHONPATH"].split(os.pathsep)
    assert paths == [str(ROOT), "/elsewhere"]
    monkeypatch.delenv("PYTHONPATH")
    assert child_environment()["PYTHONPATH"] == str(ROOT)


def test_files_of_the_working_folder_stay_out(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong json')")
    done = subprocess.run(
        [*python_command("persona.lm.gguf"), "/nowhere", "/nowhere/x", "f32"],
        cwd=tmp_path,
        env=child_environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert "config.json cannot be read" in done.stdout
    assert done.returncode == 1


def test_a_house_with_spaces_and_hangul_in_its_path(tiny: Path, tmp_path: Path) -> None:
    house = tmp_path / "내 집 1"
    shutil.copytree(ROOT / "persona" / "lm", house / "persona" / "lm")
    shutil.copy(ROOT / "persona" / "__init__.py", house / "persona")
    code = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from persona.lm import engine; from persona.lm.protocol import ModelSpec, Sampling\n"
        "spec = ModelSpec(Path(sys.argv[2]), backend='llamacpp', cache_dir=Path(sys.argv[3]))\n"
        "with engine.Engine(spec) as e: print(len(list(e.generate([1], Sampling()))))\n"
        "print(engine.__file__)"
    )
    command = [*python_command("x")[:1], "-c", code, str(house), str(tiny), str(house / "캐시")]
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        command, cwd="/", env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    count, file = done.stdout.splitlines()
    assert int(count) > 0
    assert file.startswith(str(house))
