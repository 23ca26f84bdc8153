"""Text to ids and back, with the control ids kept apart from whatever anybody typed."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from persona.errors import PersonaError

USER = "<usr>"
SYSTEM = "<sys>"
MOOD = "<unused1>"
NAME = "<unused2>"
FACT = "<unused3>"
END = "</s>"
_BROKEN = "\ufffd"
CONTROLS = (USER, SYSTEM, MOOD, NAME, FACT, END)
# The other tokens of KoGPT2 that are no text; a model that was not tuned may give any of them.
RESERVED = ("<s>", "<pad>", "<mask>", "<d>", "</d>", *(f"<unused{n}>" for n in range(100)))


class TextStream:
    """Turns ids into text as they come; a character is given only when it is whole."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._ids: list[int] = []
        self._given = ""

    def push(self, token_id: int) -> str:
        """Give the text that this id completes, empty while a character is still in parts.

        The whole is decoded each time: the library's own stream raises an error at bytes that
        are no character, which a small model does write. Those are left out.
        """
        self._ids.append(token_id)
        whole = self._tokenizer.decode(self._ids, skip_special_tokens=True)
        if whole.endswith(_BROKEN):
            return ""
        new = whole[len(self._given) :].replace(_BROKEN, "")
        self._given = whole
        return new


class Tokens:
    """The tokenizer of one checkpoint; `control_ids` are those that are never text."""

    def __init__(self, path: Path) -> None:
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        # The tokenizers library raises bare Exception, so nothing narrower can be caught.
        except Exception as error:
            raise PersonaError(
                f"토크나이저 {path} 파일을 읽을 수 없어요. 체크포인트를 다시 받아 주세요. "
                f"(The tokenizer cannot be read; fetch the checkpoint again: {error})"
            ) from error
        # What a visitor types is text, even when it looks like a control token.
        self._tokenizer.encode_special_tokens = True
        found = {c: self._tokenizer.token_to_id(c) for c in CONTROLS}
        missing = [c for c, number in found.items() if number is None]
        if missing:
            raise PersonaError(
                f"토크나이저 {path}에 {', '.join(missing)} 토큰이 없어요. KoGPT2 계열의 "
                "체크포인트인지 확인해 주세요. (Control tokens are missing: this is not a "
                "tokenizer of the KoGPT2 kind.)"
            )
        self._controls = {c: number for c, number in found.items() if number is not None}
        reserved = (self._tokenizer.token_to_id(name) for name in RESERVED)
        ids = (*self._controls.values(), *(i for i in reserved if i is not None))
        self.control_ids: tuple[int, ...] = tuple(dict.fromkeys(ids))

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size(with_added_tokens=True))

    @property
    def fingerprint(self) -> str:
        """A sum over the entries and their ids, the same however the file is written down."""
        entries = sorted(self._tokenizer.get_vocab(with_added_tokens=True).items())
        return hashlib.sha256(json.dumps(entries).encode()).hexdigest()

    def control(self, name: str) -> int:
        """Give the id of a control token by its name."""
        return self._controls[name]

    def encode(self, text: str) -> list[int]:
        """Give the ids of a text; control tokens in it are only text."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Give the text of ids, control ids left out."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def stream(self) -> TextStream:
        """Start turning ids into text."""
        return TextStream(self._tokenizer)
