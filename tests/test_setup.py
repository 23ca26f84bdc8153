"""The set-up installs once, redoes what was cut short, and says in a sentence what is lacking."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.fake_system import PINS, PYTHON, ROOT, Copy, disk, made_up_system, sentence


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return made_up_system(tmp_path)


def test_the_first_run_installs_torch_first_and_then_the_rest_as_pinned(copy: Copy) -> None:
    assert copy.run("make", "run").returncode == 0
    first, second = copy.asked("pip install")
    assert first.endswith("torch==2.13.0")
    assert "--index-url" not in first
    assert second.endswith("--no-deps --requirement requirements.txt")


def test_the_second_run_installs_nothing(copy: Copy) -> None:
    copy.run("make", "run")
    copy.forget()
    again = copy.run("make", "run")
    assert copy.asked("install") + copy.asked("venv") == []
    assert again.stdout == ""
    assert copy.asked("-m app") == ["-m app"]


def test_host_and_port_reach_the_page(copy: Copy) -> None:
    copy.run("make", "run", "HOST=0.0.0.0", "PORT=8000")
    assert copy.asked("-m app") == ["-m app --host 0.0.0.0 --port 8000"]


def test_host_and_port_of_the_environment_are_not_ours(copy: Copy) -> None:
    copy.run("make", "run", HOST="my-laptop", PORT="1")
    assert copy.asked("-m app") == ["-m app"]


def test_an_edited_pin_is_installed_and_a_comment_is_not(copy: Copy) -> None:
    copy.run("make", "run")
    copy.forget()
    (copy.folder / "requirements.txt").write_text("# other words\n" + PINS, encoding="utf-8")
    copy.run("make", "run")
    assert copy.asked("pip install") == []
    (copy.folder / "requirements.txt").write_text(PINS + "numpy==2.4.6\n", encoding="utf-8")
    copy.run("make", "run")
    assert len(copy.asked("pip install")) == 2
    assert copy.asked("-m venv") == []


def test_a_larger_set_satisfies_the_smaller_one(copy: Copy) -> None:
    copy.run("sh", "scripts/setup.sh", "requirements-test.txt")
    copy.forget()
    copy.run("make", "run")
    assert copy.asked("pip install") == []


def test_a_smaller_set_does_not_satisfy_the_larger_one(copy: Copy) -> None:
    copy.run("make", "run")
    copy.forget()
    copy.run("sh", "scripts/setup.sh", "requirements-test.txt")
    assert copy.asked("--requirement requirements-test.txt")
    assert copy.asked("-m venv") == []


def test_a_half_done_installation_is_said_and_redone_from_the_start(copy: Copy) -> None:
    cut_short = copy.run("make", "run", FAKE_PIP_FAILS="1")
    assert "did not finish" in sentence(cut_short)
    assert copy.asked("-m app") == []
    (copy.folder / ".venv" / "half").touch()
    copy.forget()
    assert copy.run("make", "run").returncode == 0
    assert copy.asked("-m venv")
    assert len(copy.asked("pip install")) == 2
    assert not (copy.folder / ".venv" / "half").exists()


def test_an_environment_made_by_hand_is_kept_and_completed(copy: Copy) -> None:
    (copy.folder / ".venv" / "bin").mkdir(parents=True)
    shutil.copy(copy.bin / "python3", copy.folder / ".venv" / "bin" / "python")
    assert copy.run("make", "run").returncode == 0
    assert copy.asked("-m venv") == []
    assert len(copy.asked("pip install")) == 2


def test_an_environment_whose_python_has_gone_is_made_anew(copy: Copy) -> None:
    copy.run("make", "run")
    copy.forget()
    copy.run("make", "run", FAKE_PYTHON_GONE="1")
    assert copy.asked("-m venv")
    assert len(copy.asked("pip install")) == 2


def test_a_torch_index_is_used_remembered_and_changed(copy: Copy) -> None:
    copy.run("make", "run", "TORCH_INDEX=https://example.org/cpu")
    assert copy.asked("--index-url https://example.org/cpu torch==2.13.0")
    copy.forget()
    copy.run("sh", "scripts/setup.sh", "requirements-test.txt")
    assert copy.asked("--index-url https://example.org/cpu torch==2.13.0")
    copy.forget()
    copy.run("make", "run", "TORCH_INDEX=https://example.org/cpu")
    assert copy.asked("install") == []
    copy.run("make", "run", "TORCH_INDEX=https://example.org/gpu")
    assert copy.asked("-m venv")
    assert copy.asked("--index-url https://example.org/gpu torch==2.13.0")


@pytest.mark.parametrize("user", ["0", "1000"])
def test_a_missing_venv_module_is_said_with_its_command(copy: Copy, user: str) -> None:
    (copy.bin / "id").unlink()
    copy.add_program("id", f"#!/bin/sh\necho {user}\n")
    said = sentence(copy.run("make", "run", FAKE_NO_VENV="1"))
    assert "venv 모듈이 없어요" in said
    assert "venv module is missing" in said
    mend = "apt-get install -y python3-venv"
    assert said.endswith(f": {mend}" if user == "0" else f": sudo {mend}")
    assert not (copy.folder / ".venv").exists()


def test_a_python_that_is_too_old_is_said_with_its_command(copy: Copy) -> None:
    said = sentence(copy.run("make", "run", FAKE_VERSION="(3, 10, 14)"))
    assert "파이썬 3.11 이상" in said
    assert "Python 3.11 or newer" in said
    assert said.endswith("apt-get install -y python3.11 python3.11-venv")


def test_no_python_at_all_is_said_with_its_command(copy: Copy) -> None:
    (copy.bin / "python3").unlink()
    assert sentence(copy.run("make", "run")).endswith("apt-get install -y python3 python3-venv")


def test_a_newer_python_beside_an_old_one_is_taken(copy: Copy) -> None:
    copy.add_program("python3", "#!/bin/sh\nexit 1\n")
    copy.add_program("python3.12", PYTHON)
    assert copy.run("make", "run").returncode == 0
    assert copy.asked("-m venv")


def test_a_full_disk_is_said_with_its_command(copy: Copy) -> None:
    copy.add_program("df", disk(free_kb=1_500_000))
    said = sentence(copy.run("make", "run"))
    assert "8 GB가 필요한데 1464 MB만" in said
    assert "only 1464 MB are free" in said
    assert said.endswith("apt-get clean && rm -rf ~/.cache/pip")
    assert not (copy.folder / ".venv").exists()


def test_a_full_disk_does_not_stop_what_is_installed(copy: Copy) -> None:
    copy.run("make", "run")
    copy.add_program("df", disk(free_kb=0))
    assert copy.run("make", "run").returncode == 0


def test_tests_without_chromium_stop_with_a_sentence(copy: Copy) -> None:
    said = sentence(copy.run("make", "test"))
    assert "Chromium이 필요해요" in said
    assert "BROWSER=none" in said
    assert "apt-get install -y chromium fonts-nanum" in said
    assert copy.asked("") == []


def test_a_chromium_that_does_not_start_does_not_count(copy: Copy) -> None:
    copy.add_program("chromium-browser", "#!/bin/sh\nexit 10\n")
    copy.add_program("google-chrome", "#!/bin/sh\necho Chrome 150\n")
    assert copy.run("sh", "scripts/chromium.sh").stdout == f"{copy.bin}/google-chrome\n"


@pytest.mark.parametrize(("user", "sudo"), [("0", None), ("1000", "exec"), ("1000", "exit 1")])
def test_chromium_is_installed_where_it_may_be(copy: Copy, user: str, sudo: str | None) -> None:
    (copy.bin / "id").unlink()
    copy.add_program("id", f"#!/bin/sh\necho {user}\n")
    copy.add_program("true", "#!/bin/sh\n")
    copy.add_program(
        "apt-get",
        '#!/bin/sh\ncase "$*" in *"chromium fonts-nanum")\n'
        f'cp "{copy.bin}/true" "{copy.bin}/chromium" ;; esac\n',
    )
    if sudo:
        copy.add_program("sudo", f'#!/bin/sh\n[ "$1" != -n ] || shift\n{sudo} "$@"\n')
    result = copy.run("sh", "scripts/chromium.sh")
    if sudo == "exit 1":
        assert "Chromium이 필요해요" in sentence(result)
    else:
        assert result.stdout == f"{copy.bin}/chromium\n"


def test_without_a_browser_its_tests_are_left_out(copy: Copy) -> None:
    assert copy.run("make", "test", "BROWSER=none").returncode == 0
    assert copy.asked("-m pytest") == ["-m pytest -m not long and not browser"]
    copy.forget()
    copy.run("make", "test-all", "BROWSER=none")
    assert copy.asked("-m pytest") == ["-m pytest -m not browser"]


def test_with_a_browser_everything_is_checked_in_order(copy: Copy) -> None:
    copy.add_program("chromium", "#!/bin/sh\n")
    assert copy.run("make", "test", BROWSER="/usr/bin/firefox").returncode == 0
    checks = [call for call in copy.asked("-m ") if call.split()[1] in {"ruff", "mypy", "pytest"}]
    assert checks == [
        "-m ruff check .",
        "-m ruff format --check .",
        "-m mypy",
        "-m pytest -m not long",
    ]


def test_help_lists_every_command(copy: Copy) -> None:
    listed = copy.run("make").stdout
    for name in ("run", "test", "test-all", "bench", "train-setup", "lock", "format"):
        assert f"make {name}\t" in listed


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_a_clean_installation_serves_the_second_time_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "찐친 복사 1"
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "__main__.py").write_text("import gradio, tokenizers, xllamacpp\n")
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copy(ROOT / "requirements.txt", folder)
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    subprocess.run(["make", "run"], cwd=folder, check=True, timeout=1500)
    done = subprocess.run(
        ["sh", "scripts/setup.sh", "requirements.txt"],
        cwd=folder,
        check=True,
        timeout=5,
        capture_output=True,
    )
    assert done.stdout == b""
