"""The judge of speech levels agrees with sentences that were labelled by hand before it was made.

`speech_levels.tsv` has 400 of them: a label, a tab, the sentence. Every fourth was left unseen
while the rule was written.
"""

from pathlib import Path

import pytest

from persona.speech_level import BANMAL, JONDAEMAL
from training.endings import Endings

LABELLED = [
    line.split("\t")
    for line in (Path(__file__).parent / "speech_levels.tsv").read_text("utf-8").splitlines()
]
UNSEEN = LABELLED[3::4]


def test_the_labels_are_400_different_sentences_of_every_kind() -> None:
    assert len({sentence for _, sentence in LABELLED}) == 400
    labels = [label for label, _ in LABELLED]
    assert set(labels) == {BANMAL, JONDAEMAL, "neither"}
    assert min(map(labels.count, set(labels))) >= 80


@pytest.mark.parametrize("labelled", [LABELLED, UNSEEN], ids=["all", "unseen"])
def test_at_least_97_of_100_are_judged_as_labelled(
    endings: Endings, labelled: list[list[str]]
) -> None:
    found = endings.levels(sentence for _, sentence in labelled)
    wrong = [
        (sentence, label, level)
        for (label, sentence), level in zip(labelled, found, strict=True)
        if label != (level or "neither")
    ]
    assert len(wrong) <= 0.03 * len(labelled), wrong


@pytest.mark.parametrize(
    ("reply", "banmal", "jondaemal"),
    [
        ("오, 진짜?", True, True),
        ("헐! 김치전 두 장?", True, True),
        ("잘했어. 내일은 뭐 해?", True, False),
        ("잘하셨어요. 내일은 뭐 하세요?", False, True),
        ("잘하셨어요. 내일은 뭐 해?", False, False),
        ("엄마가 “밥 먹었어요?” 하고 물었구나.", True, False),
        ("친구가 '너 왜 그래. 가자.'라고 했군요.", False, True),
        ("고마워요, 와 줘서.", False, True),
        ("", True, True),
        ("ㅋㅋㅋ", True, True),
        ("“사랑해.”", True, True),
    ],
)
def test_a_reply_keeps_a_level_where_none_of_its_sentences_shows_the_other(
    endings: Endings, reply: str, banmal: bool, jondaemal: bool
) -> None:
    assert endings.keep([reply], BANMAL) == [banmal]
    assert endings.keep([reply], JONDAEMAL) == [jondaemal]


def test_replies_are_judged_each_for_itself(endings: Endings) -> None:
    replies = ["그래. 가자.", "", "좋아요. 가요.", "오!"]
    assert endings.keep(replies, BANMAL) == [True, True, False, True]
    assert endings.keep([], BANMAL) == []
