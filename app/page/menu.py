"""Draws the menu of models: what each is called, what it may be used for, which one answers."""

from html import escape
from pathlib import Path

from app.models import Models, is_same
from app.page.texts import say
from persona.checkpoint import Listed


def render_models(models: Models, language: str) -> str:
    """Give a button a model, the newest first."""
    rows = "".join(_row(one, models, language) for one in models.listed())
    title, note = (escape(say(language, key)) for key in ("models", "models_note"))
    return (
        f'<section class="models" aria-labelledby="jj-models-title">'
        f'<h3 id="jj-models-title">{title}</h3><p>{note}</p><ul>{rows}</ul></section>'
    )


def shown_name(name: str, folder: Path) -> str:
    """Give a model's name without the folders of this machine, which are nobody's business."""
    return folder.name if Path(name).is_absolute() else name


def _row(one: Listed, models: Models, language: str) -> str:
    opening = is_same(one, models.coming)
    about = [one.licence]
    about += [] if one.tuned else [say(language, "untuned")]
    about += [say(language, "opening")] if opening else []
    name = escape(one.name)
    return (
        f'<li><button type="button" id="model-{name}" data-act="model" data-model="{name}" '
        f'aria-pressed="{str(is_same(one, models.current)).lower()}" '
        f'aria-busy="{str(opening).lower()}">'
        f'<strong class="title" dir="auto">{escape(shown_name(one.name, one.folder))}</strong>'
        f"<small>{escape(' · '.join(filter(None, about)))}</small></button></li>"
    )
