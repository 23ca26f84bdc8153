"""A made-up system for the set-up scripts: an awkward folder name and small fake programs."""

import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PINS = "# made up\ntorch==2.13.0\ngradio==6.31.0 ; python_version >= '3.11'  # via us\n"
TEST_PINS = PINS + "pytest==9.2.0\n"
# The programs that a bare system has; anything else must be a fake.
TOOLS = ["awk", "cat", "cp", "dirname", "env", "grep", "id", "make"]
TOOLS += ["mkdir", "mv", "rm", "sed", "sh", "uname"]

# A python that only writes down what it is asked; its copy in .venv does the same.
PYTHON = """#!/bin/sh
echo "$*" >>"$FAKE_LOG"
case "$*" in
    *version_info*) exec "$FAKE_REAL" -c "import sys; sys.version_info = $FAKE_VERSION; $2" ;;
    *ensurepip*) exit ${FAKE_NO_VENV:-0} ;;
    "-m venv "*) mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    *"pip install"*requirement*) exit ${FAKE_PIP_FAILS:-0} ;;
    *"import pip"*) exit ${FAKE_PYTHON_GONE:-0} ;;
esac
"""


@dataclass
class Copy:
    """A copy of the set-up files in a folder with an awkward name, on a made-up system."""

    folder: Path
    bin: Path
    environment: dict[str, str]

    def add_program(self, name: str, text: str) -> None:
        """Puts a fake program on the PATH."""
        path = self.bin / name
        path.write_text(text, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command there and hands back what it printed."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env={"PATH": str(self.bin), **self.environment, **environment},
            capture_output=True,
            encoding="utf-8",
            timeout=30,
            check=False,
        )

    def asked(self, words: str) -> list[str]:
        """The calls of python so far that hold these words."""
        log = Path(self.environment["FAKE_LOG"])
        return [line for line in log.read_text("utf-8").splitlines() if words in line]

    def forget(self) -> None:
        """Empties the list of calls."""
        Path(self.environment["FAKE_LOG"]).write_text("")


def made_up_system(place: Path) -> Copy:
    """Copies the set-up files under this folder, beside the programs of a bare system."""
    folder = place / "찐친 복사 1"
    folder.mkdir()
    shutil.copy(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    (folder / "requirements.txt").write_text(PINS, encoding="utf-8")
    (folder / "requirements-test.txt").write_text(TEST_PINS, encoding="utf-8")
    log = place / "log"
    log.touch()
    given = {"FAKE_LOG": str(log), "FAKE_REAL": sys.executable, "FAKE_VERSION": "(3, 11, 0)"}
    made = Copy(folder, place / "bin", given)
    made.bin.mkdir()
    for tool in TOOLS:
        (made.bin / tool).symlink_to(shutil.which(tool) or tool)
    made.add_program("python3", PYTHON)
    made.add_program("df", disk(free_kb=50_000_000))
    return made


def disk(free_kb: int) -> str:
    """A df that knows of one disk with this much room."""
    return f"#!/bin/sh\necho header\necho '/dev/fake 99999999 1 {free_kb} 1% /'\n"


def sentence(result: subprocess.CompletedProcess[str]) -> str:
    """The one sentence of a failed set-up, its first language, its second and its command."""
    assert result.returncode != 0
    said = [line for line in result.stderr.splitlines() if line.startswith("찐친: ")]
    assert len(said) == 1
    return said[0]
