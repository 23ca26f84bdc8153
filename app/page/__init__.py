"""The page: what the visitor sees and touches, in Gradio Blocks."""

from typing import Any

import gradio as gr

from app.page.handlers import Handlers, TakeTurn
from app.page.layout import lay_out, page_head, theme
from app.room import Room


def build_page(room: Room, take_turn: TakeTurn) -> gr.Blocks:
    """Give the page of a room; every visitor has it for themselves."""
    handlers = Handlers(room, take_turn)
    page = gr.Blocks(analytics_enabled=False, title="찐친", fill_width=True)
    with page:
        handlers.bind(lay_out(handlers.first()))
    return page


def page_options() -> dict[str, Any]:
    """Give what the page wants of `gr.mount_gradio_app`; with it nothing asks another host."""
    return {
        "theme": theme(),
        "head": page_head(),
        "footer_links": [],
        # Gradio would keep a copy of every message in the browser, past any deletion.
        "run_history": False,
        # Nothing is sent up as a file; an imported conversation comes as text.
        "max_file_size": "1kb",
        "ssr_mode": False,
        "pwa": False,
        "show_error": False,
    }
