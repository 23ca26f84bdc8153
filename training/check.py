"""Holds the personas' own dialogues to their shape, their speech level and their variety."""

import argparse
import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from persona.card import CARDS_FOLDER, Card, find_cards
from persona.dialogues import Dialogue, own_dialogues
from persona.speech_level import keeps_level
from training.errors import TrainingError

LEAST_EXCHANGES = 150
LEAST_IN_LEVEL = 0.995
MOST_REPEATED = 0.02
MOST_CHARACTERS = 120
_LEFTOVERS = re.compile(r"<[/\w]|\[\w+\]|\{\w*\}|\*\*|https?:|www\.|@\w|TODO|\\n|�")
_NUMBERS = re.compile(r"01[016789][-. ]?\d{3,4}[-. ]?\d{4}|\d{6}-[1-4]\d{6}|[\w.]+@[\w.]+\.\w+")


@dataclass
class Report:
    """What was counted for one persona, and every violation as a sentence."""

    persona: str
    dialogues: int = 0
    exchanges: int = 0
    topics: int = 0
    moods: dict[int, int] = field(default_factory=dict)
    in_level: float = 0.0
    repeated: float = 0.0
    out_of_level: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--cards", type=Path, default=CARDS_FOLDER, help="folder of personas")
    parser.add_argument("--persona", help="only this one")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Print the report; 1 on any violation."""
    cards = find_cards(arguments.cards)
    if arguments.persona and arguments.persona not in cards:
        raise TrainingError(f"no persona {arguments.persona!r}; there are: {', '.join(cards)}")
    wanted = [cards[arguments.persona]] if arguments.persona else list(cards.values())
    reports = [check(card, own_dialogues(card.folder)) for card in wanted]
    if arguments.json:
        print(json.dumps({r.persona: vars(r) for r in reports}, ensure_ascii=False))
    else:
        for report in reports:
            _show(report)
    return int(any(report.violations for report in reports))


def check(card: Card, dialogues: list[Dialogue]) -> Report:
    """Count a persona's dialogues and find what breaks the rules."""
    exchanges = [e for d in dialogues for e in d.exchanges]
    out_of_level = [e.reply for e in exchanges if not keeps_level(e.reply, card.speech_level)]
    counts = Counter(_letters(e.reply) for e in exchanges)
    repeats = sum(n - 1 for n in counts.values())
    report = Report(
        persona=card.id,
        dialogues=len(dialogues),
        exchanges=len(exchanges),
        topics=len({d.topic for d in dialogues}),
        moods=dict(sorted(Counter(e.mood for e in exchanges).items())),
        out_of_level=out_of_level,
        in_level=1 - len(out_of_level) / max(1, len(exchanges)),
        repeated=repeats / max(1, len(exchanges)),
    )
    found = report.violations
    if report.exchanges < LEAST_EXCHANGES:
        found.append(f"{report.exchanges} exchanges; at least {LEAST_EXCHANGES} are needed")
    if report.in_level < LEAST_IN_LEVEL:
        found.append(f"{report.in_level:.3%} in level; at least {LEAST_IN_LEVEL:.1%} are needed")
    if report.repeated > MOST_REPEATED:
        found += [f"said {n} times: {words}" for words, n in counts.most_common(20) if n > 2]
    found += _ids(dialogues)
    for dialogue in dialogues:
        found += _lines(dialogue)
    return report


def _ids(dialogues: list[Dialogue]) -> list[str]:
    counts = Counter(d.id for d in dialogues)
    return [f"id {name!r} stands {n} times" for name, n in counts.items() if n > 1]


def _lines(dialogue: Dialogue) -> list[str]:
    found = []
    for exchange in dialogue.exchanges:
        for words in (exchange.user, exchange.reply):
            place = f"{dialogue.id}: {words[:40]!r}"
            if not words:
                found.append(f"{dialogue.id}: an empty line")
            if len(words) > MOST_CHARACTERS:
                found.append(f"{place} is longer than {MOST_CHARACTERS} characters")
            if _LEFTOVERS.search(words):
                found.append(f"{place} has leftover markup")
            if _NUMBERS.search(words):
                found.append(f"{place} has a telephone or resident number, or an e-mail")
    return found


def _letters(words: str) -> str:
    return "".join(re.findall(r"[가-힣a-zA-Z0-9]+", words))


def _show(report: Report) -> None:
    print(
        f"{report.persona}: {report.exchanges} exchanges in {report.dialogues} dialogues on "
        f"{report.topics} topics, moods {report.moods}, in level {report.in_level:.3%}, "
        f"repeated {report.repeated:.2%}"
    )
    for reply in report.out_of_level:
        print(f"  seems out of level: {reply}")
    for violation in report.violations:
        print(f"  {violation}")
