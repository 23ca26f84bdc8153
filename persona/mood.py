"""Reads the mood of the visitor's words: everyday 0, sad or angry 1, glad or loving 2, and why."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from persona.errors import PersonaError

EVERYDAY, SAD, GLAD = 0, 1, 2
MOODS = (EVERYDAY, SAD, GLAD)
WEIGHTS_FILE = "mood.safetensors"
BUCKETS = 1 << 16
LENGTHS = (1, 2, 3, 4)
# Laughter turns a sad cue round ("망했다 ㅋㅋ") and tears a glad one, which no sum of single signs
# can say: so each of the 16 ways that two cues, laughter and tears go together has its own row.
ROWS = BUCKETS + 16
# Below this probability a mood is "unsure", and unsure is everyday: a mood wrongly felt annoys
# more than one that is missed.
CERTAIN = 0.55
# Of a word longer than this, what was typed without spaces, only the front is shown.
LONGEST_REASON = 20

_SAD_CUES = (
    r"[ㅠㅜ]+",
    r"[😢😭😞😔😡😠💔😿🥲😩😫]+",
    r"T[_.]?T|:\(|;_;",
    r"헤어졌|헤어지자|이별|(?<![가-힣])차였|(?<![가-힣])울[었고]|눈물|슬[퍼프픈]|우울|외로[워웠운]|외롭",
    r"서러|서럽|속상|(?<!안 )힘[들드]|지쳤|지친다|죽고 ?싶|죽었|짜증|(?<![가-힣])화[가났난]|열받",
    r"빡[치쳐친]|억울|서운|불안|무서[워웠]|무섭|걱정(?! ?(?:하지 ?)?마)|망했|망쳤|떨어졌|싸웠|혼났",
    r"(?<![가-힣])아(?:파(?!트)|[팠픈]|프(?!리))|미치겠|답답|괴로|괴롭|후회|상처|실망|그립|그리워|피곤|최악",
    r"싫어|싫다|하기 ?싫|잃어버렸|돌아가셨|못 ?자|잠이? ?안",
)
_GLAD_CUES = (
    r"[😀😁😂🤣😃😄😆😊😍🥰😘❤💕💖💗🎉🥳👍✨♥♡☺]+",
    r"\^\^|:\)|ㅎ{3,}",
    r"(?:시험|면접|대학|학교|회사|서류|오디션|자격증).{0,6}(?:붙|합격|됐)",
    r"합격|붙었|취[직업]했|승진|상 ?[탔받]|(?<!\d)1등|일등|만점|기[뻐쁘쁜]|행복|신나",
    r"신[났난]|설[레렌렘렜]|고마[워웠]|고맙|감사[해합드하]|사랑[해한]|좋아해|보고 ?싶었",
    r"최고|대박|다행|축하|칭찬|성공|드디어|뿌듯|즐거|즐겁|재밌었|재미있었",
    r"맛있었|선물 ?받|생일이|당첨|이겼|사귀기로|고백받|두근|예쁘대|잘했대",
)
CUES = tuple(
    (tag, re.compile("|".join(words))) for tag, words in ((SAD, _SAD_CUES), (GLAD, _GLAD_CUES))
)
_LAUGHTER = re.compile("[ㅋㅎ]")
_TEARS = re.compile("ㅠ")
# What is learned from has few emoji, and says the same with these letters.
_LETTERS = str.maketrans(
    {"ㅜ": "ㅠ"}
    | dict.fromkeys("😢😭😞😔💔😿🥲😩😫", "ㅠㅠ")
    | dict.fromkeys("😂🤣", "ㅋㅋ")
    | dict.fromkeys("😀😁😃😄😆😊😋😍🥰😘❤💕💖💗🎉🥳👍✨♥♡☺", "ㅎㅎ")
)
_REPEATS = re.compile(r"(.)\1{2,}")
_DIGITS = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Mood:
    """A mood tag and the words it was read from; the reason is empty for everyday."""

    tag: int
    reason: str = ""


def find_cues(text: str) -> Iterator[tuple[int, str]]:
    """Give every cue in the text with its mood, in the order they stand."""
    for tag, pattern in CUES:
        for match in pattern.finditer(text):
            yield tag, match.group().strip()


def read_cues(text: str) -> Mood:
    """Read the mood from cues alone: the mood with more cues wins, and a tie is everyday."""
    found = list(find_cues(text))
    counts = {tag: sum(1 for t, _ in found if t == tag) for tag in (SAD, GLAD)}
    if counts[SAD] == counts[GLAD]:
        return Mood(EVERYDAY)
    tag = max(counts, key=lambda t: counts[t])
    return Mood(tag, next(words for t, words in found if t == tag))


def grams(text: str) -> Iterator[tuple[int, int, int]]:
    """Give bucket, start and end of every character n-gram; runs and digits are folded first."""
    folded = fold(text)
    for length in LENGTHS:
        for start in range(len(folded) - length + 1):
            piece = folded[start : start + length]
            yield zlib.crc32(piece.encode()) % BUCKETS, start, start + length


def fold(text: str) -> str:
    """Write a text as the model reads it: emoji as letters, short runs, one digit for all."""
    letters = " ".join(text.lower().split()).translate(_LETTERS)
    short = _REPEATS.sub(r"\1\1", _DIGITS.sub("0", letters))
    return f" {short[-300:]} "


def features(text: str) -> list[int]:
    """Give the rows of a text: its n-grams, and the one of its signs."""
    return [*sorted({bucket for bucket, _, _ in grams(text)}), BUCKETS + _signs(text)]


def _signs(text: str) -> int:
    cues = {tag for tag, _ in find_cues(text)}
    folded = fold(text)
    found = (SAD in cues, GLAD in cues, _LAUGHTER.search(folded), _TEARS.search(folded))
    return sum(1 << place for place, sign in enumerate(found) if sign)


class MoodReader:
    """Cues, and the small linear model of a checkpoint where it has one."""

    def __init__(self, folder: Path | None) -> None:
        self._weights: NDArray[np.float32] | None = None
        path = folder / WEIGHTS_FILE if folder else None
        if path is None or not path.exists():
            return
        try:
            tensors = load_file(path)
            weights, bias = tensors["weights"], tensors["bias"]
        except (SafetensorError, KeyError, OSError) as error:
            raise PersonaError(
                f"{path} 파일을 읽을 수 없어요. 지우면 단서만으로 기분을 읽어요. "
                f"(Cannot be read; delete it to read moods from cues alone: {error})"
            ) from error
        if weights.shape != (ROWS, len(MOODS)) or bias.shape != (len(MOODS),):
            raise PersonaError(
                f"{path} 파일의 크기가 달라요. `python -m training mood`로 다시 만들어 주세요. "
                "(The sizes differ; make it again with `python -m training mood`.)"
            )
        self._weights = weights.astype(np.float32)
        self._bias = bias.astype(np.float32)

    def read(self, text: str) -> Mood:
        """Give the mood and the words that speak most for it."""
        if self._weights is None:
            return read_cues(text)
        shares = self.probabilities(text)
        tag = int(shares.argmax())
        if tag == EVERYDAY or shares[tag] < CERTAIN:
            return Mood(EVERYDAY)
        return Mood(tag, self._reason(text, tag))

    def probabilities(self, text: str) -> NDArray[np.float32]:
        """Give the probability of each mood."""
        assert self._weights is not None
        found = features(text)
        scores = self._weights[found].sum(axis=0) / len(found) ** 0.5 + self._bias
        raised = np.exp(scores - scores.max())
        return np.asarray(raised / raised.sum(), dtype=np.float32)

    def _reason(self, text: str, tag: int) -> str:
        cue = next((words for t, words in find_cues(text) if t == tag), "")
        if cue:
            return cue
        assert self._weights is not None
        folded = fold(text)
        worth = np.zeros(len(folded), dtype=np.float32)
        for bucket, start, end in grams(text):
            row = self._weights[bucket]
            worth[start:end] += (row[tag] - row[EVERYDAY]) / (end - start)
        return _best_word(text, folded, worth)


def _best_word(text: str, folded: str, worth: NDArray[np.float32]) -> str:
    """Give the word that is worth most, as the visitor wrote it."""
    places = [(m.start(), m.end()) for m in re.finditer(r"\S+", folded)]
    if not places:
        return ""
    best = max(range(len(places)), key=lambda n: float(worth[slice(*places[n])].sum()))
    # Folding keeps the words and their order but may cut the front: so counted from the end.
    return text.split()[best - len(places)][:LONGEST_REASON]
