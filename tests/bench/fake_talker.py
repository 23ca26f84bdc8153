"""A companion that answers by a rule and remembers how it was asked."""

from collections.abc import Callable, Sequence

from bench.talks import Said

Rule = Callable[[str, str, int | None], str]


class FakeTalker:
    """Answers each line with `rule(system, line, mood)`; a whole reply takes 3 s, a plain one 2."""

    def __init__(self, rule: Rule = lambda system, line, mood: f"{line}구나") -> None:
        self._rule = rule
        self.asked: list[tuple[str, tuple[str, ...], int, int | None]] = []
        self.timed: list[tuple[str, str]] = []

    def talk(
        self, system: str, lines: Sequence[str], seed: int, mood: int | None = None
    ) -> list[Said]:
        self.asked.append((system, tuple(lines), seed, mood))
        return [Said(line, self._rule(system, line, mood), "generated", 3.0) for line in lines]

    def plain_seconds(self, line: str, reply: str, seed: int) -> float:
        self.timed.append((line, reply))
        return 2.0
