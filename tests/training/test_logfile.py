"""A log's lines are the same in every encoding, and what is no text is said to be none."""

import lzma
import random
from pathlib import Path

import pytest

from training import logfile
from training.logfile import LogFile, NotTextError

LINES = ["[지은] [오전 9:00] 안녕", "한 줄 더", "", "[민지] [오전 9:01] 응"]
TEXT = "\n".join(LINES)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_the_same_in_every_encoding(tmp_path: Path, encoding: str, end: str) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(TEXT.replace("\n", end).encode(encoding))
    file = LogFile(path)
    assert list(file) == LINES
    assert list(file) == LINES
    assert file.head().startswith("[지은]")
    assert file.position == file.size


def test_a_packed_log_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.xz"
    path.write_bytes(lzma.compress(TEXT.encode()))
    assert list(LogFile(path)) == LINES


def test_letters_taken_apart_are_put_together(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("\u1112\u1161\u11ab", encoding="utf-8")
    assert list(LogFile(path)) == ["한"]


def test_a_log_of_cp949_that_begins_in_ascii(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(("hello\n" * 20_000 + TEXT).encode("cp949"))
    assert list(LogFile(path))[-4:] == LINES


def test_a_few_broken_letters_do_not_change_the_encoding(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(TEXT.encode() * 20 + b"\xed\x95\n" + TEXT.encode())
    assert list(LogFile(path))[-3:] == LINES[1:]


@pytest.mark.parametrize("name", ["noise.txt", "zeros.txt", "every.txt", "empty.txt", "log.xz"])
def test_what_is_no_text_is_said_to_be_none(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    content = {
        "noise.txt": random.Random(7).randbytes(5000),
        "zeros.txt": bytes(5000),
        "every.txt": bytes(range(256)) * 8,
        "empty.txt": b"",
        "log.xz": b"no xz",
    }
    path.write_bytes(content[name])
    with pytest.raises(NotTextError, match=r"\("):
        LogFile(path)


def test_a_line_of_endless_length_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logfile, "LONGEST_LINE", 50)
    path = tmp_path / "log.txt"
    path.write_text("처음\n" + "가" * 501 + "\n끝\n" + "나" * 50, encoding="utf-8")
    file = LogFile(path)
    assert list(file) == ["처음", "끝"]
    assert file.long_lines == 2
