"""Holds the personas' own dialogues to their shape, their speech level and their variety."""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import mean

from persona.card import CARDS_FOLDER, Card, find_cards
from persona.dialogues import Dialogue, own_dialogues
from persona.mood import MOODS
from persona.reactions import Reaction, own_reactions
from training.endings import Endings
from training.errors import TrainingError
from training.forbidden import forbidden_kinds
from training.likeness import near_copies
from training.split import ALIKE_DIALOGUES, ALIKE_REPLIES, families, held_out_ids, tells

LEAST_IN_LEVEL = 0.995
MOST_NEAR_COPIES = 0.02
MOST_CHARACTERS = 120


@dataclass(frozen=True)
class Promise:
    """What a persona that comes with the project has at least; a visitor's own may be small."""

    exchanges: int
    dialogues: int
    topics: int = 80
    turns: range = range(3, 13)


PROMISES = {"yuhee": Promise(6000, 1000), "helpbot": Promise(2000, 400)}


@dataclass
class Report:
    """What was counted for one persona, and every violation as a sentence."""

    persona: str
    dialogues: int
    exchanges: int
    reactions: dict[str, int]
    topics: dict[str, list[int]]  # how many of the visitor's lines are in each mood
    reply_characters: dict[str, float]
    turns: dict[str, float]
    in_level: float
    out_of_level: list[str]
    near_copies: dict[str, float]
    held_out: dict[str, float]
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
    is_ours = arguments.cards.resolve() == CARDS_FOLDER.resolve()
    endings = Endings()
    reports = []
    for card in wanted:
        promise = PROMISES.get(card.id) if is_ours else None
        found = own_dialogues(card.folder)
        reports.append(check(card, found, endings, promise, own_reactions(card.folder)))
    if arguments.json:
        print(json.dumps({r.persona: asdict(r) for r in reports}, ensure_ascii=False))
    else:
        for report in reports:
            _show(report)
    return int(any(report.violations for report in reports))


def check(
    card: Card,
    dialogues: Sequence[Dialogue],
    endings: Endings,
    promise: Promise | None = None,
    reactions: Sequence[Reaction] = (),
) -> Report:
    """Count a persona's dialogues and reactions, and find what breaks the rules."""
    replies = [*_replies(dialogues), *(line for r in reactions for line in r.say)]
    kept = endings.keep(replies, card.speech_level)
    out_of_level = [reply for reply, keeps in zip(replies, kept, strict=True) if not keeps]
    report = Report(
        persona=card.id,
        dialogues=len(dialogues),
        exchanges=len(_replies(dialogues)),
        reactions=_sizes(reactions),
        topics=_moods_of_topics(dialogues),
        reply_characters=_spread([len(reply) for reply in replies]),
        turns=_spread([len(d.exchanges) for d in dialogues]),
        in_level=1 - len(out_of_level) / max(1, len(replies)),
        out_of_level=out_of_level,
        near_copies={},
        held_out=_split(dialogues),
    )
    if not dialogues:
        report.violations.append(f"no dialogues; put them in {card.id}/dialogues/*.jsonl")
    if report.in_level < LEAST_IN_LEVEL:
        report.violations.append(
            f"{report.in_level:.3%} of the replies keep {card.speech_level}; at least "
            f"{LEAST_IN_LEVEL:.1%} must: mend those that are named as out of level"
        )
    names = [d.id for d in dialogues]
    _find_copies(report, "replies", replies, replies, ALIKE_REPLIES)
    _find_copies(report, "dialogues", names, [d.text for d in dialogues], ALIKE_DIALOGUES)
    report.violations += _ids([*(d.id for d in dialogues), *(r.id for r in reactions)])
    report.violations += [found for d in dialogues for found in _lines(d)]
    report.violations += _broken_reactions(reactions, dialogues)
    if promise:
        report.violations += _broken(promise, report, dialogues)
    return report


def _sizes(reactions: Sequence[Reaction]) -> dict[str, int]:
    examples, replies = (sum(len(getattr(r, k)) for r in reactions) for k in ("when", "say"))
    return {"kinds": len(reactions), "examples": examples, "replies": replies}


def _broken_reactions(
    reactions: Sequence[Reaction], dialogues: Sequence[Dialogue]
) -> Iterator[str]:
    """Give what a reaction may not be; what is held out has no near copy among them."""
    for reaction in reactions:
        for line in reaction.when:
            yield from _line(reaction.id, line, is_reply=False)
        for line in reaction.say:
            yield from _line(reaction.id, line, is_reply=True)
    kept = held_out_ids(dialogues)
    unseen = [r for r in _replies([d for d in dialogues if d.id in kept]) if tells(r)]
    said = [(reaction.id, line) for reaction in reactions for line in reaction.say]
    for one, other in near_copies([*unseen, *(line for _, line in said)], ALIKE_REPLIES):
        first, second = sorted((one, other))
        if first < len(unseen) <= second:
            name, line = said[second - len(unseen)]
            yield f"{name}: near a reply that is held out: {line!r}"


def _replies(dialogues: Sequence[Dialogue]) -> list[str]:
    return [e.reply for d in dialogues for e in d.exchanges]


def _moods_of_topics(dialogues: Sequence[Dialogue]) -> dict[str, list[int]]:
    topics: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(MOODS))
    for dialogue in dialogues:
        for exchange in dialogue.exchanges:
            topics[dialogue.topic][exchange.mood] += 1
    return dict(sorted(topics.items()))


def _spread(sizes: Sequence[int]) -> dict[str, float]:
    if not sizes:
        return {}
    return {"least": min(sizes), "mean": round(mean(sizes), 1), "most": max(sizes)}


def _find_copies(
    report: Report, kind: str, names: Sequence[str], texts: Sequence[str], likeness: float
) -> None:
    """Count the texts that nearly repeat an earlier one; too many are named, each with one."""
    first_alike = {later: earlier for earlier, later in near_copies(texts, likeness)}
    report.near_copies[kind] = len(first_alike) / max(1, len(texts))
    if report.near_copies[kind] >= MOST_NEAR_COPIES:
        report.violations += [
            f"nearly the same {kind}: {names[earlier]!r} and {names[later]!r}"
            for later, earlier in first_alike.items()
        ]


def _split(dialogues: Sequence[Dialogue]) -> dict[str, float]:
    kept = held_out_ids(dialogues)
    held = [d for d in dialogues if d.id in kept]
    taught_topics = {d.topic for d in dialogues if d.id not in kept}
    return {
        "dialogues": len(held),
        "exchanges": len(_replies(held)),
        "families": len(families(dialogues)),
        "topics_on_both_sides": len(taught_topics & {d.topic for d in held}),
    }


def _ids(ids: Sequence[str]) -> list[str]:
    return [f"id {name!r} stands {n} times" for name, n in Counter(ids).items() if n > 1]


def _lines(dialogue: Dialogue) -> Iterator[str]:
    for exchange in dialogue.exchanges:
        yield from _line(dialogue.id, exchange.user, is_reply=False)
        yield from _line(dialogue.id, exchange.reply, is_reply=True)


def _line(name: str, words: str, *, is_reply: bool) -> Iterator[str]:
    place = f"{name}: {words[:40]!r}"
    if not words:
        yield f"{name}: an empty line"
    if len(words) > MOST_CHARACTERS:
        yield f"{place} is longer than {MOST_CHARACTERS} characters"
    for kind in forbidden_kinds(words, is_reply=is_reply):
        yield f"{place} has {kind}"


def _broken(promise: Promise, report: Report, dialogues: Sequence[Dialogue]) -> Iterator[str]:
    for name, least, found in (
        ("exchanges", promise.exchanges, report.exchanges),
        ("dialogues", promise.dialogues, report.dialogues),
        ("topics", promise.topics, len(report.topics)),
    ):
        if found < least:
            yield f"{found} {name}; at least {least} are promised"
    for topic, moods in report.topics.items():
        for mood, count in enumerate(moods):
            if not count:
                yield f"topic {topic!r} has no line in mood {mood}"
    for dialogue in dialogues:
        if len(dialogue.exchanges) not in promise.turns:
            least, most = promise.turns[0], promise.turns[-1]
            yield f"{dialogue.id} has {len(dialogue.exchanges)} exchanges, not {least} to {most}"


def _show(report: Report) -> None:
    held = report.held_out
    print(f"{report.persona}: {report.exchanges} exchanges in {report.dialogues} dialogues")
    print("  reactions: " + ", ".join(f"{n} {what}" for what, n in report.reactions.items()))
    print(f"  {'topic':20}" + "".join(f"{f'mood {mood}':>8}" for mood in range(len(MOODS))))
    for topic, moods in report.topics.items():
        print(f"  {topic:20}" + "".join(f"{count:8}" for count in moods))
    sums = [sum(column) for column in zip(*report.topics.values(), strict=True)]
    print(f"  {f'{len(report.topics)} topics':20}" + "".join(f"{count:8}" for count in sums))
    for name, sizes in (
        ("exchanges a dialogue", report.turns),
        ("characters a reply", report.reply_characters),
    ):
        print(f"  {name}: " + ", ".join(f"{what} {size}" for what, size in sizes.items()))
    print(f"  in level {report.in_level:.3%}", end="")
    print("".join(f", nearly the same {k} {v:.2%}" for k, v in report.near_copies.items()))
    print("  held out: " + ", ".join(f"{count} {name}" for name, count in held.items()))
    for reply in report.out_of_level:
        print(f"  out of level: {reply}")
    for violation in report.violations:
        print(f"  {violation}")
