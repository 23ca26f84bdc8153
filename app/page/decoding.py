"""Which knobs of her answering the visitor may turn, how far, and what they say when asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from app.page.texts import say
from persona.card import Card
from persona.lm.protocol import Sampling

SEED_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Knob:
    """One slider: the name of a sampling setting and its sensible range."""

    name: str
    least: float
    most: float
    step: float

    @property
    def whole(self) -> bool:
        """Whether the setting counts something, so that only whole numbers make sense."""
        return self.step >= 1


KNOBS = (
    Knob("temperature", 0, 2, 0.05),
    Knob("top_k", 0, 200, 1),
    Knob("top_p", 0.05, 1, 0.05),
    Knob("min_p", 0, 0.5, 0.01),
    Knob("repetition_penalty", 1, 2, 0.05),
    Knob("frequency_penalty", 0, 2, 0.1),
    Knob("presence_penalty", 0, 2, 0.1),
    Knob("no_repeat_ngram", 0, 8, 1),
    Knob("max_new_tokens", 8, 256, 8),
)


def read_sampling(asked: object) -> dict[str, float | int]:
    """Give the settings that the browser sent, held to their ranges; what is no setting is not."""
    given: dict[str, float | int] = {}
    if not isinstance(asked, Mapping):
        return given
    for knob in KNOBS:
        value = _number(asked.get(knob.name))
        if value is not None:
            held = min(max(value, knob.least), knob.most)
            given[knob.name] = round(held) if knob.whole else held
    seed = _number(asked.get("seed"))
    if seed is not None:
        given["seed"] = min(max(int(seed), 0), SEED_MOST)
    return given


def render_drawer(card: Card, language: str, models: str = "") -> str:
    """Give the menu of models, then a slider a knob, which begins at what the card asks for."""
    rows = "".join(_row(knob, _default(card, knob.name), language) for knob in KNOBS)
    title = escape(say(language, "drawer"))
    return (
        f'<div class="sheet" role="dialog" aria-label="{title}">'
        f'<header><h2>{title}</h2><button type="button" class="icon close" data-act="drawer" '
        f'aria-label="{escape(say(language, "close"))}"></button></header>{models}'
        f'<div class="reset"><p>{escape(say(language, "drawer_note"))}</p>'
        f'<button type="button" class="quiet" data-act="reset">'
        f"{escape(say(language, 'reset'))}</button></div>"
        f'<form class="knobs" data-persona="{escape(card.id)}">{rows}{_seed(language)}</form></div>'
    )


def _default(card: Card, name: str) -> float | int:
    usual: float | int = getattr(Sampling(), name)
    return card.sampling.get(name, usual)


def _row(knob: Knob, default: float | int, language: str) -> str:
    start = f"{default:g}"
    return (
        f'<div class="knob"><label for="knob-{knob.name}">'
        f"{escape(say(language, knob.name))}</label>"
        f'<output for="knob-{knob.name}">{start}</output>'
        f'<input type="range" id="knob-{knob.name}" name="{knob.name}" min="{knob.least:g}" '
        f'max="{knob.most:g}" step="{knob.step:g}" value="{start}" data-default="{start}" '
        f'aria-describedby="about-{knob.name}">'
        f'<small id="about-{knob.name}">{escape(say(language, knob.name + "_info"))}</small></div>'
    )


def _seed(language: str) -> str:
    return (
        f'<div class="knob"><label for="knob-seed">{escape(say(language, "seed"))}</label>'
        f'<input type="number" id="knob-seed" name="seed" min="0" max="{SEED_MOST}" step="1" '
        f'inputmode="numeric" data-default="" aria-describedby="about-seed" '
        f'placeholder="{escape(say(language, "seed_random"))}">'
        f'<small id="about-seed">{escape(say(language, "seed_info"))}</small></div>'
    )


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return value
