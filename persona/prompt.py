"""The one template: how a card and a conversation become ids, for chat and training alike.

    [<unused2> name] [<unused3> fact]*  ( <usr> user <unused1> mood <sys> reply </s> )*
    <usr> user <unused1> mood <sys>

Every piece of text is encoded by itself and the control ids are put between, so that a control
token in anybody's words stays text. A checkpoint says whether it knows the header and the moods.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from persona.tokens import END, FACT, MOOD, NAME, SYSTEM, USER, Tokens


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the visitor said, how it felt, and what she answered."""

    user: str
    mood: int
    reply: str


@dataclass(frozen=True, slots=True)
class Template:
    """The template for one checkpoint."""

    tokens: Tokens
    header: bool = True
    moods: bool = True

    def header_ids(self, name: str, facts: Sequence[str]) -> list[int]:
        """Give the ids that say who is speaking; none if the checkpoint knows no header."""
        if not self.header:
            return []
        ids = [self.tokens.control(NAME), *self.tokens.encode(name)]
        for fact in facts:
            ids += [self.tokens.control(FACT), *self.tokens.encode(fact)]
        return ids

    def ask_ids(self, user: str, mood: int) -> list[int]:
        """Give the ids of what the visitor said, up to where her reply begins."""
        return [self.tokens.control(USER), *self.tokens.encode(user), *self._cue_ids(mood)]

    def cut_ask_ids(self, user: str, mood: int, room: int) -> list[int]:
        """Give `ask_ids` in at most `room` ids: a message too long by itself keeps its end."""
        cue = self._cue_ids(mood)
        words = self.tokens.encode(user)
        keep = max(0, room - 1 - len(cue))
        return [self.tokens.control(USER), *words[len(words) - min(keep, len(words)) :], *cue]

    def reply_ids(self, reply: str) -> list[int]:
        """Give the ids of her reply with the end id."""
        return [*self.tokens.encode(reply), self.tokens.control(END)]

    def exchange_ids(self, exchange: Exchange) -> list[int]:
        """Give the ids of a finished exchange."""
        return self.ask_ids(exchange.user, exchange.mood) + self.reply_ids(exchange.reply)

    def training_ids(
        self, header: Sequence[int], exchanges: Sequence[Exchange]
    ) -> tuple[list[int], list[bool]]:
        """Give a whole dialogue's ids, and for each whether it is learned (her replies are)."""
        ids = list(header)
        learned = [False] * len(ids)
        for exchange in exchanges:
            ask = self.ask_ids(exchange.user, exchange.mood)
            reply = self.reply_ids(exchange.reply)
            ids += ask + reply
            learned += [False] * len(ask) + [True] * len(reply)
        return ids, learned

    def _cue_ids(self, mood: int) -> list[int]:
        cue = [self.tokens.control(SYSTEM)]
        if self.moods:
            cue = [self.tokens.control(MOOD), *self.tokens.encode(str(mood)), *cue]
        return cue
