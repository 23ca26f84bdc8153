"""Makes training data of a visitor's own chats; not there yet, and says so."""

import argparse

from training.errors import TrainingError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take whatever is given, so that the answer is always the same sentence."""
    parser.add_argument("anything", nargs="*", help=argparse.SUPPRESS)


def run(_: argparse.Namespace) -> int:
    """Say what to do until then."""
    raise TrainingError(
        "내 대화를 학습 데이터로 바꾸는 기능은 아직 없어요. 지금은 카드 폴더의 "
        "dialogues/*.jsonl 에 직접 적어 주세요. "
        "(Not there yet; for now write dialogues/*.jsonl in the card's folder.)"
    )
