"""Gives a log's lines whatever its encoding, in bounded memory, and says how far it has read."""

import codecs
import io
import lzma
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

HEAD_BYTES = 1 << 16
# No message is longer, and a line that fills the memory is no log.
LONGEST_LINE = 1 << 24
# A log with more broken characters than this is no text at all.
MOST_BROKEN = 0.02
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\ufffd]")
_CHUNK = 1 << 20
BINARY = "글이 아닌 파일 (files that are no text)"


class NotTextError(Exception):
    """The file holds no text; the words are the reason for the report."""


class LogFile:
    """A text file, plain or .xz, that can be gone through again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.long_lines = 0
        try:
            with self._binary() as file:
                head = file.read(HEAD_BYTES)
            self._encoding = self._find_encoding(head)
        except (lzma.LZMAError, EOFError) as error:
            raise NotTextError("망가진 압축 파일 (broken .xz files)") from error
        text = self._decode(head)
        if len(_NO_TEXT.findall(text)) > MOST_BROKEN * len(text):
            raise NotTextError(BINARY)

    def head(self) -> str:
        """Give how the file begins."""
        with self._binary() as file:
            return self._decode(file.read(HEAD_BYTES))

    def __iter__(self) -> Iterator[str]:
        """Give each line in NFC without its end; lines too long for any log are counted."""
        self.long_lines = 0
        with self._binary() as binary:
            text = io.TextIOWrapper(binary, self._encoding, errors="replace")
            while line := text.readline(LONGEST_LINE):
                if len(line) == LONGEST_LINE and line[-1] != "\n":
                    self.long_lines += 1
                    while line and line[-1] != "\n":
                        line = text.readline(LONGEST_LINE)
                    continue
                yield unicodedata.normalize("NFC", line.removesuffix("\n"))

    @property
    def position(self) -> int:
        """Give how many bytes of the file the latest reading has come to."""
        return self.size if self._raw.closed else self._raw.tell()

    def _decode(self, head: bytes) -> str:
        return codecs.getincrementaldecoder(self._encoding)("replace").decode(head)

    @contextmanager
    def _binary(self) -> Iterator[IO[bytes]]:
        """Open the file unpacked; `position` follows the packed one."""
        with self.path.open("rb") as self._raw:
            if self.path.suffix == ".xz":
                with lzma.open(self._raw) as unpacked:
                    yield unpacked
            else:
                yield self._raw

    def _find_encoding(self, head: bytes) -> str:
        if not head:
            raise NotTextError("빈 파일 (empty files)")
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if b"\0" in head:
            return _unmarked_utf16(head)
        # The whole file is looked at: a log may begin with a thousand lines of ASCII.
        broken = {"utf-8-sig": self._broken("utf-8-sig")}
        if broken["utf-8-sig"]:
            broken["cp949"] = self._broken("cp949")
        best = min(broken, key=lambda name: broken[name])
        if broken[best] > MOST_BROKEN:
            raise NotTextError(BINARY)
        return best

    def _broken(self, encoding: str) -> float:
        """Give the share of characters that cannot be decoded so."""
        decoder = codecs.getincrementaldecoder(encoding)("replace")
        broken = count = 0
        with self._binary() as file:
            while chunk := file.read(_CHUNK):
                text = decoder.decode(chunk)
                broken += text.count("\ufffd")
                count += len(text)
        return broken / max(1, count)


def _unmarked_utf16(head: bytes) -> str:
    """Tell which halves are empty: those of the ASCII that any log has."""
    if b"\0" not in head[0::2]:
        return "utf-16-le"
    if b"\0" not in head[1::2]:
        return "utf-16-be"
    raise NotTextError(BINARY)
