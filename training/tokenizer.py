"""Makes the tokenizer: byte-fallback BPE with KoGPT2's control tokens; any text comes back."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)

from training.corpora import pretraining_texts

# KoGPT2's own order, so that the same code serves both.
SPECIALS = ["<s>", "</s>", "<usr>", "<pad>", "<sys>", "<unk>", "<mask>", "<d>", "</d>"] + [
    f"<unused{n}>" for n in range(11)
]
BYTES = [f"<0x{n:02X}>" for n in range(256)]


def train_tokenizer(texts: Iterable[str], vocabulary: int, alphabet: int = 2000) -> Tokenizer:
    """Learn merges from the texts and add the bytes that spell whatever they do not cover."""
    learner = Tokenizer(models.BPE(unk_token="<unk>"))
    learner.normalizer = normalizers.NFC()
    learner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(BYTES),
        limit_alphabet=alphabet,
        special_tokens=SPECIALS,
        min_frequency=2,
        show_progress=True,
    )
    learner.train_from_iterator(texts, trainer)
    model = json.loads(learner.to_str())["model"]
    words = sorted(model["vocab"], key=model["vocab"].__getitem__)
    ordered = SPECIALS + BYTES + words[len(SPECIALS) :]
    return assemble(ordered, [tuple(merge) for merge in model["merges"]])


def assemble(words: list[str], merges: list[tuple[str, str]]) -> Tokenizer:
    """Build the tokenizer from its vocabulary, in the order of the ids, and its merges."""
    tokenizer = Tokenizer(
        models.BPE(
            vocab={word: n for n, word in enumerate(words)},
            merges=merges,
            unk_token="<unk>",
            byte_fallback=True,
        )
    )
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteFallback(), decoders.Metaspace(prepend_scheme="always")]
    )
    tokenizer.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in SPECIALS])
    return tokenizer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--corpora", type=Path, required=True, help="folder of public corpora")
    parser.add_argument("--out", type=Path, required=True, help="checkpoint folder to write into")
    parser.add_argument("--vocabulary", type=int, default=8000, help="entries (default 8000)")


def run(arguments: argparse.Namespace) -> int:
    """Train on the pretraining texts and write tokenizer.json."""
    tokenizer = train_tokenizer(pretraining_texts(arguments.corpora), arguments.vocabulary)
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(arguments.out / "tokenizer.json"))
    print(f"{tokenizer.get_vocab_size()} entries -> {arguments.out / 'tokenizer.json'}")
    return 0
