"""Says what is wrong with a reply on the face of it: broken, cut, or her last one again."""

import re
from collections.abc import Sequence

from bench.scripted import Visitor, visitors
from bench.talks import WHOLE, Talker

TALKS = 25
SEED = 7
# Halves of letters, and what only a prompt may have.
_LEFTOVERS = re.compile(r"\ufffd|</?s>|<(?:usr|sys|pad|unk|mask|unused\d+)>")
_NO_LETTERS = re.compile(r"[\W_]+")


def is_broken(text: str, finish: str) -> bool:
    """Say whether a reply is empty, cut off before its end, or has what is no text in it."""
    # A loop is no break: it is counted by itself.
    return not text.strip() or finish not in ("end", "loop") or bool(_LEFTOVERS.search(text))


def says_again(reply: str, last: str) -> bool:
    """Say whether a reply is the last one again; marks and spaces make no difference."""
    words = _NO_LETTERS.sub("", reply)
    return bool(words) and words == _NO_LETTERS.sub("", last)


def measure(her: Talker, talks: Sequence[Visitor] | None = None) -> dict[str, float]:
    """Give the share of the replies in whole conversations that say her own last one again."""
    chosen = visitors()[:TALKS] if talks is None else talks
    again = []
    for n, visitor in enumerate(chosen):
        replies = [said.reply for said in her.talk(WHOLE, visitor.lines, SEED + 100 * n)]
        again += [says_again(*pair) for pair in zip(replies[1:], replies, strict=False)]
    return {"repeats_in_talk": round(sum(again) / max(1, len(again)), 4)}
