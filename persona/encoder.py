"""Turns a sentence into a small vector, so that sentences that mean the same lie close together."""

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from persona.checkpoint import CHECKPOINTS_FOLDER
from persona.errors import PersonaError

ENCODER_FILE = "encoder.safetensors"
# Whose encoder serves a model that has none of its own: it depends on no model.
SHIPPED = CHECKPOINTS_FOLDER / "jjinchin"
BUCKET_BITS = 13
BUCKETS = 1 << BUCKET_BITS
WIDTH = 256
# Counted in jamo: a syllable has two or three, so endings and stems fall apart by themselves.
LENGTHS = (2, 3, 4, 5, 6, 8)
MOST_CHARACTERS = 300

Vectors = NDArray[np.float32]
_NO_LETTERS = re.compile(r"[^0-9a-z가-힣ㄱ-ㅎㅏ-ㅣ?]+")
_RUNS = re.compile(r"(.)\1+")
_LAUGHTER = re.compile(r"[ㅋㅎㅠㅜ]+")
# A multiplicative hash: odd numbers of 64 bits with their ones well spread.
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)


def fold(text: str) -> str:
    """Write a text as the encoder reads it: letters alone, runs and laughter gone."""
    letters = _RUNS.sub(r"\1", _NO_LETTERS.sub("", text[-MOST_CHARACTERS:].lower()))
    return _LAUGHTER.sub("", letters) or letters


def hashes(text: str) -> NDArray[np.uint64]:
    """Give a number of 64 bits for each n-gram of a text's jamo; their first bits are a bucket."""
    folded = fold(text)
    if not folded:
        return np.zeros(0, np.uint64)
    framed = unicodedata.normalize("NFD", f"^{folded}$")
    codes = np.frombuffer(framed.encode("utf-32-le"), np.uint32).astype(np.uint64)
    hashed, found = codes, []
    for length in range(2, min(LENGTHS[-1], len(codes)) + 1):
        hashed = hashed[:-1] * _STEP + codes[length - 1 :]
        if length in LENGTHS:
            found.append(hashed)
    mixed = np.concatenate(found) * _MIX
    return (mixed ^ (mixed >> np.uint64(29))) * _STEP


def grams(text: str) -> NDArray[np.int64]:
    """Give the bucket of each n-gram of a text."""
    return (hashes(text) >> np.uint64(64 - BUCKET_BITS)).astype(np.int64)


class Encoder:
    """A row for every n-gram; a sentence is the sum of its rows, cut to length one.

    How much an n-gram counts is how long its row is, so the sum is a weighted mean.
    """

    def __init__(self, table: Vectors) -> None:
        self._table = table

    @classmethod
    def load(cls, path: Path) -> "Encoder":
        """Read an encoder's file; one that is missing or of another size is an error."""
        try:
            table = load_file(path)["table"]
        except (SafetensorError, KeyError, OSError) as error:
            raise PersonaError(
                f"{path} 파일을 읽을 수 없어요. 체크포인트를 다시 받아 주세요. "
                f"(Cannot be read; fetch the checkpoint again: {error})"
            ) from error
        if table.shape != (BUCKETS, WIDTH):
            raise PersonaError(
                f"{path} 파일의 크기가 달라요. `python -m training encoder`로 다시 만들어 주세요. "
                "(The sizes differ; make it again with `python -m training encoder`.)"
            )
        return cls(table.astype(np.float32))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Give a unit vector for each text, [texts, WIDTH]; zero where no letter was typed."""
        vectors = np.zeros((len(texts), self._table.shape[1]), np.float32)
        for vector, text in zip(vectors, texts, strict=True):
            vector += self._table[grams(text)].sum(axis=0)
        return unit(vectors)


def unit(vectors: Vectors) -> Vectors:
    """Cut vectors to length one."""
    return np.asarray(
        vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9), np.float32
    )


def open_encoder(checkpoint: Path) -> Encoder:
    """Give the encoder of a checkpoint folder, or the shipped one where it has none."""
    own = checkpoint / ENCODER_FILE
    return Encoder.load(own if own.exists() else SHIPPED / ENCODER_FILE)
