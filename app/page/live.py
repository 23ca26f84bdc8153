"""Gathers the events of a turn into what the browser shows while she answers."""

from dataclasses import dataclass, field
from typing import Any

from app.events import Cared, Done, Event, Face, Felt, Heard, Trouble, Words
from app.page.texts import in_language, say
from app.page.thread import care_lines, mood_words


@dataclass(slots=True)
class Live:
    """The turn so far. What is sent is always the whole of it, so that nothing can be missed."""

    run: str
    conversation: str
    language: str
    on: bool = True
    user: str = ""
    mood: str = ""
    words: str = ""
    face: str = "thinking"
    care: str = ""
    kept: bool = False
    notices: list[str] = field(default_factory=list)

    def take(self, event: Event) -> None:
        """Add one event."""
        match event:
            case Heard(text):
                self.user = text
            case Cared(text):
                self.care = care_lines(text, self.language)
            case Felt(mood, reason):
                self.mood = mood_words(mood, reason, self.language)
            case Words(text):
                self.words += text
            case Face(expression):
                # Her face moves once the words are on disk.
                self.face, self.kept = expression, True
            case Trouble(sentence):
                self.notices.append(in_language(sentence, self.language))
            case Done(_, kept, _):
                self.on = False
                if not kept:
                    self.notices.append(say(self.language, "unkept"))

    def state(self) -> dict[str, Any]:
        """Give what crosses to the browser: words that it sets as text, and our own HTML."""
        return {
            "run": self.run,
            "conversation": self.conversation,
            "on": self.on,
            "kept": self.kept,
            "user": self.user,
            "mood": self.mood,
            "words": self.words,
            "face": self.face,
            "care": self.care,
            "notices": list(self.notices),
        }
