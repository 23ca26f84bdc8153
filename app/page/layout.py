"""Lays out the page: which component is what, and nothing of what they do."""

import json
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

from app.page.texts import LANGUAGES, TEXTS, say

STATIC = Path(__file__).parent / "static"
SCRIPTS = ("box.js", "thread.js", "side.js", "page.js")

# What the browser may ask for; each is an event of the hidden `bus` component.
EVENTS = (
    "open",
    "say",
    "stop",
    "choose",
    "undo",
    "rate",
    "rename",
    "delete",
    "restore",
    "search",
    "export",
    "bring",
    "poll",
    "models",
    "choose_model",
)


@dataclass(frozen=True, slots=True)
class Screen:
    """The parts of the page that handlers write to; `bus` is what the browser asks through."""

    side: gr.HTML
    chats: gr.HTML
    foot: gr.HTML
    head: gr.HTML
    banner: gr.HTML
    thread: gr.HTML
    live: gr.HTML
    controls: gr.HTML
    box: gr.Textbox
    keys: gr.HTML
    drawer: gr.HTML
    note: gr.HTML
    bus: gr.HTML

    def outputs(self, *names: str) -> list[Any]:
        """Give the components of these names; all of them without a name."""
        chosen = names or tuple(f.name for f in fields(self) if f.name != "bus")
        return [getattr(self, name) for name in chosen]

    def put(self, values: dict[str, Any]) -> dict[gr.Component, object]:
        """Give values by name as Gradio takes them: by component."""
        # Gradio takes an empty table for a value that is missing.
        return {self.note: gr.skip()} | {getattr(self, name): v for name, v in values.items()}


def lay_out(values: dict[str, Any]) -> Screen:
    """Make the components inside the Blocks that is open, with their first values."""

    def part(name: str, **more: Any) -> gr.HTML:
        return gr.HTML(
            values.get(name, ""),
            elem_id=f"jj-{name}",
            apply_default_css=False,
            show_label=False,
            js_on_load=None,
            **more,
        )

    def hidden(name: str, script: str) -> gr.HTML:
        return gr.HTML(
            values.get(name, {}),
            elem_id=f"jj-{name}",
            elem_classes="jj-hidden",
            html_template="",
            js_on_load=script,
        )

    part("faces")
    with gr.Row(elem_id="jj-app"):
        with gr.Column(elem_id="jj-aside"):
            side, chats, foot = part("side"), part("chats"), part("foot")
        with gr.Column(elem_id="jj-main"):
            head, banner = part("head"), part("banner")
            with gr.Column(elem_id="jj-scroll"):
                thread = part("thread")
                live = hidden("live", _listener("live"))
            with gr.Column(elem_id="jj-composer"):
                controls = part("controls")
                with gr.Row(elem_id="jj-line"):
                    box = _box()
                    keys = part("keys")
        drawer = part("drawer")
    note = hidden("note", _listener("note"))
    bus = hidden("bus", page_script())
    return Screen(
        side=side,
        chats=chats,
        foot=foot,
        head=head,
        banner=banner,
        thread=thread,
        live=live,
        controls=controls,
        box=box,
        keys=keys,
        drawer=drawer,
        note=note,
        bus=bus,
    )


def theme() -> gr.themes.Base:
    """Give Gradio's plainest theme in fonts that the visitor has; none is fetched."""
    fonts = ("Pretendard", "Apple SD Gothic Neo", "Malgun Gothic", "Noto Sans KR", "NanumGothic")
    family = [gr.themes.Font(name) for name in (*fonts, "sans-serif")]
    return gr.themes.Base(font=family, font_mono=[gr.themes.Font("monospace")]).set(
        body_background_fill="#f3f0ea",
        body_background_fill_dark="#1a1918",
        body_text_color="#2c2825",
        body_text_color_dark="#ece7e1",
    )


@cache
def page_head() -> str:
    """Give what goes into the head: light or dark, and the page's own style sheet."""
    return f"<script>{_static('early.js')}</script>\n<style>\n{_static('page.css')}\n</style>"


@cache
def page_script() -> str:
    """Give the page's script: the table of texts and the files, as one function body."""
    texts = {
        lang: {key: both[n] for key, both in TEXTS.items()} for n, lang in enumerate(LANGUAGES)
    }
    events = ", ".join(f"'{name}'" for name in EVENTS)
    tables = f"const EVENTS = [{events}];\nconst TEXTS = {json.dumps(texts)};"
    return "\n".join(['"use strict";', tables, *map(_static, SCRIPTS)])


def _static(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


def _listener(name: str) -> str:
    told = f"window.dispatchEvent(new CustomEvent('jj-{name}', {{ detail: props.value }}))"
    return f"watch('value', () => {told});"


def _box() -> gr.Textbox:
    return gr.Textbox(
        elem_id="jj-box",
        label=say("ko", "box"),
        show_label=False,
        # Not before somebody hears the Enter key; `Views.whole` opens it.
        interactive=False,
        container=False,
        lines=1,
        max_lines=7,
        html_attributes=gr.InputHTMLAttributes(
            autocomplete="off", spellcheck=False, enterkeyhint="send"
        ),
    )
