"""Says what is there, what is missing, and what to do about it."""

import argparse
import sys
import textwrap
from collections.abc import Iterator, Mapping

from app import terminal
from app.checks import CHECKS, GOOD, MISSING, WORSE, Verdict, judge
from app.settings import Settings

PURPOSE = "what is there, what is missing, what to do about it"
MARKS = {GOOD: "✓", WORSE: "△", MISSING: "✗"}
TEXT_COLUMNS = 72
PLAIN_MARKS = {GOOD: "[ok]", WORSE: "[--]", MISSING: "[!!]"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--json", action="store_true", help="one object on one line")


def run(arguments: argparse.Namespace, settings: Settings) -> int:
    """Look at everything; 0 when she can talk, 1 when she cannot."""
    terminal.open_streams()
    found = {topic: judge(check, settings) for topic, (_, check) in CHECKS.items()}
    ok = all(verdict.state != MISSING for verdict in found.values())
    if arguments.json:
        checks = {t: {"state": v.state, "text": v.text, **v.facts} for t, v in found.items()}
        whole = {"ok": ok, "checks": checks, "settings": settings.describe()}
        print(terminal.as_json(whole))
    else:
        print("\n".join([*lines(found), *setting_lines(settings.describe()), last_line(ok)]))
    return 0 if ok else 1


def lines(found: Mapping[str, Verdict]) -> Iterator[str]:
    """Give the lines of each thing that was looked at, long ones broken and indented."""
    marks = MARKS if terminal.can_show("".join(MARKS.values()), sys.stdout) else PLAIN_MARKS
    columns = max(terminal.width(title) for title, _ in CHECKS.values()) + 2
    for topic, verdict in found.items():
        start = f"{marks[verdict.state]} {terminal.padded(CHECKS[topic][0], columns)}"
        for part in textwrap.wrap(verdict.text, TEXT_COLUMNS, break_long_words=False):
            yield start + part
            start = " " * terminal.width(start)


def setting_lines(described: Mapping[str, str]) -> Iterator[str]:
    """Give a line for each setting, as it would be written into `.env`."""
    yield "\n설정 settings"
    yield from (f"  {name}={value}" for name, value in described.items())


def last_line(ok: bool) -> str:
    """Say whether she can talk."""
    if ok:
        return "\n얘기할 수 있어요. (She can talk.)"
    return "\n아직 얘기할 수 없어요. 위의 표시된 줄을 봐 주세요. (She cannot talk yet: see above.)"
