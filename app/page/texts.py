"""Every sentence of the page, in Korean and in English, in one table."""

import re
from collections.abc import Mapping

LANGUAGES = ("ko", "en")

# key: (Korean, English). Names go in through {…}; a particle follows its noun as {name:이/가}.
TEXTS: Mapping[str, tuple[str, str]] = {
    # the frame
    "app": ("찐친", "Jjinchin"),
    "tagline": ("내 컴퓨터 안에서만 함께하는 친구", "A friend who listens on your own machine"),
    "menu": ("대화 목록 열기", "Open the conversations"),
    "menu_close": ("대화 목록 닫기", "Close the conversations"),
    "language": ("언어", "Language"),
    "theme": ("화면", "Theme"),
    "theme_system": ("자동", "Auto"),
    "theme_light": ("밝게", "Light"),
    "theme_dark": ("어둡게", "Dark"),
    "model": ("모델 {name}", "Model {name}"),
    "licence": ("사용 조건 {licence}", "Licence {licence}"),
    # conversations
    "chats": ("대화 목록", "Conversations"),
    "new": ("새 대화", "New chat"),
    "search": ("대화 찾기", "Search conversations"),
    "chats_empty": ("아직 나눈 대화가 없어요.", "No conversations yet."),
    "chats_none": ("검색 결과가 없어요.", "Nothing found."),
    "untitled": ("새로 시작한 대화", "Untitled"),
    "more": ("‘{title}’ 메뉴", "More for “{title}”"),
    "rename": ("이름 바꾸기", "Rename"),
    "rename_label": ("대화의 새 이름", "New name of the conversation"),
    "delete": ("지우기", "Delete"),
    "deleted": ("‘{title}’ 대화를 지웠어요.", "Deleted “{title}”."),
    "restore": ("되돌리기", "Undo"),
    "export_json": ("JSON으로 저장", "Save as JSON"),
    "export_markdown": ("글로 저장", "Save as Markdown"),
    "import": ("대화 가져오기", "Import a conversation"),
    "imported": ("대화를 가져왔어요.", "The conversation is here."),
    "import_broken": (
        "이 파일은 찐친에서 내보낸 대화가 아니에요. JSON으로 저장한 파일을 골라 주세요.",
        "This file is not a conversation saved from here. Choose one saved as JSON.",
    ),
    "import_large": (
        "파일이 너무 커요. 20MB보다 작은 파일을 골라 주세요.",
        "The file is too large. Choose one under 20 MB.",
    ),
    # who is speaking
    "pick": ("누구와 이야기할까요?", "Who would you like to talk to?"),
    "pick_one": ("{name:와/과} 이야기하기", "Talk to {name}"),
    "face_everyday": ("{name}, 편안한 얼굴", "{name}, at ease"),
    "face_sad": ("{name}, 걱정하는 얼굴", "{name}, concerned"),
    "face_glad": ("{name}, 기쁜 얼굴", "{name}, glad"),
    "face_thinking": ("{name}, 생각하는 얼굴", "{name}, thinking"),
    "face_other": ("{name}의 얼굴", "{name}’s face"),
    # the meter
    "meter": (
        "{name:이/가} 기억하는 주고받은 말 {kept}개 · 남은 자리 {left}%",
        "{name} remembers {kept} exchanges · {left}% room left",
    ),
    "meter_label": ("{name}의 기억", "{name}’s memory"),
    "forgotten": ("여기부터 {name:이/가} 기억해요", "{name} remembers from here on"),
    # the conversation
    "thread": ("{name:와/과} 나눈 대화", "Conversation with {name}"),
    "me": ("나", "You"),
    "mood_of": ("{reason} → {mood}", "{reason} → {mood}"),
    "mood_given": ("직접 고름", "your choice"),
    "copy": ("복사", "Copy"),
    "copied": ("복사했어요.", "Copied."),
    "copy_failed": (
        "복사하지 못했어요. 글을 직접 선택해서 복사해 주세요.",
        "Could not copy. Please select the text.",
    ),
    "edit": ("고쳐서 다시 보내기", "Edit and send again"),
    "edit_label": ("고칠 말", "Your message"),
    "edit_send": ("보내기", "Send"),
    "cancel": ("취소", "Cancel"),
    "retry": ("다른 답 듣기", "Another answer"),
    "undo": ("이 말 취소하기", "Take this back"),
    "like": ("좋아요", "Good answer"),
    "dislike": ("별로예요", "Poor answer"),
    "pager": ("{total}개 가운데 {number}번째", "{number} of {total}"),
    "previous": ("이전 버전", "Previous version"),
    "next": ("다음 버전", "Next version"),
    "earlier": ("지난 대화 더 보기", "Show earlier messages"),
    "to_bottom": ("맨 아래로", "To the newest"),
    "cut": ("답이 끊겼어요", "The answer was cut off"),
    "cut_retry": ("다시 받기", "Ask again"),
    "failed": ("답을 받지 못했어요", "There was no answer"),
    "stopped": ("여기서 멈췄어요", "Stopped here"),
    "stopped_empty": ("답하기 전에 멈췄어요", "Stopped before an answer"),
    "length": ("길어져서 여기까지만 말했어요", "It got long, so the answer ends here"),
    "answering": ("{name:이/가} 답하는 중이에요", "{name} is answering"),
    "fallback": ("미리 적어 둔 말이에요", "A line prepared in advance"),
    "recalled": ("배운 대화에서 떠올린 말이에요", "Recalled from her own dialogues"),
    "care": ("혼자 견디지 않아도 돼요", "You do not have to bear it alone"),
    "care_call": ("109에 전화하기 (24시간)", "Call 109 (24 hours)"),
    # the box
    "box": ("메시지", "Message"),
    "box_hint": ("{name}에게 말 걸기", "Say something to {name}"),
    "send": ("보내기", "Send"),
    "stop": ("그만 듣기", "Stop"),
    "mood": ("지금 내 기분", "How I feel"),
    "mood_auto": ("자동", "Auto"),
    "mood_0": ("평소", "Everyday"),
    "mood_1": ("슬픔", "Sad"),
    "mood_2": ("기쁨", "Glad"),
    "queued": ("{name:이/가} 말을 마치면 보낼게요.", "Will be sent when {name} has finished."),
    "queued_loading": (
        "{name:이/가} 오면 바로 보낼게요.",
        "Will be sent as soon as {name} is here.",
    ),
    "queued_cancel": ("보내지 않기", "Do not send"),
    # what is going on
    "loading": (
        "{name:이/가} 오고 있어요. {progress}",
        "{name} is on the way. {progress}",
    ),
    "switching": (
        "{model} 모델을 여는 중이에요. {progress}",
        "Opening the model {model}. {progress}",
    ),
    "seconds": ("({seconds}초째)", "({seconds} s)"),
    "loading_wait": ("잠시만 기다려 주세요.", "One moment, please."),
    "broken": (
        "뜻밖의 문제가 생겼어요. 다시 보내 주세요.",
        "Something went wrong. Please send it again.",
    ),
    "lost": (
        "연결이 끊겼어요. 다시 이어지면 저절로 돌아올게요. 쓰던 말은 그대로 있어요.",
        "The connection is lost. The page comes back by itself, with what you were writing.",
    ),
    "not_ready": ("{name:이/가} 아직 오는 중이에요.", "{name} is still on the way."),
    "busy": (
        "이 대화에서 아직 답하는 중이에요. 끝난 뒤에 다시 해 주세요.",
        "An answer is still on its way here. Try again when it is done.",
    ),
    "unkept": ("이 답은 저장되지 않았어요.", "This answer was not kept."),
    "gone": ("그 대화를 찾을 수 없어요.", "That conversation is not here."),
    "close": ("닫기", "Close"),
    # which model answers
    "models": ("모델", "Model"),
    "models_note": (
        "받았거나 학습한 모델로 바꿀 수 있어요. 다시 켜면 처음 모델로 돌아와요.",
        "Choose one that was fetched or trained. A restart brings the first one back.",
    ),
    "untuned": ("튜닝 안 됨", "Not tuned"),
    "opening": ("여는 중", "Opening"),
    # how she answers
    "drawer": ("답하는 방식", "How she answers"),
    "drawer_open": ("답하는 방식 정하기", "Set how she answers"),
    "drawer_note": ("다음 답부터 바뀌어요.", "Changes apply from the next answer."),
    "reset": ("처음대로", "Reset"),
    "temperature": ("온도", "Temperature"),
    "temperature_info": (
        "낮으면 차분하고 뻔하게, 높으면 엉뚱하게 말해요.",
        "Low is calm and plain, high is playful.",
    ),
    "top_k": ("후보 개수 (top-k)", "Top-k"),
    "top_k_info": (
        "다음 낱말을 이 개수 안에서 골라요. 0이면 모두.",
        "Picks among this many next words; 0 is all.",
    ),
    "top_p": ("후보 범위 (top-p)", "Top-p"),
    "top_p_info": (
        "그럴듯한 낱말부터 확률의 합이 이만큼 될 때까지만 후보로 둬요. 1이면 모두.",
        "Keeps the likeliest up to this share; 1 is all.",
    ),
    "min_p": ("최소 확률 (min-p)", "Min-p"),
    "min_p_info": (
        "가장 그럴듯한 낱말에 견주어 이보다 드문 것은 버려요.",
        "Drops words rarer than this share of the best.",
    ),
    "repetition_penalty": ("되풀이 벌점", "Repetition penalty"),
    "repetition_penalty_info": (
        "1보다 크면 이미 한 말을 덜 써요.",
        "Above 1, words already said come less.",
    ),
    "frequency_penalty": ("빈도 벌점", "Frequency penalty"),
    "frequency_penalty_info": (
        "자주 쓴 낱말일수록 더 피해요.",
        "The more often a word was used, the less it comes.",
    ),
    "presence_penalty": ("등장 벌점", "Presence penalty"),
    "presence_penalty_info": (
        "한 번이라도 쓴 낱말을 피해요.",
        "Avoids words that were used at all.",
    ),
    "no_repeat_ngram": ("똑같은 구절 막기", "No-repeat n-gram"),
    "no_repeat_ngram_info": (
        "이만큼 이어진 낱말은 두 번 쓰지 않아요. 0이면 끔.",
        "Runs of this many words never come twice; 0 is off.",
    ),
    "max_new_tokens": ("답의 최대 길이", "Longest answer"),
    "max_new_tokens_info": (
        "답 하나에 쓰는 토큰의 최대 개수예요.",
        "The most tokens an answer may have.",
    ),
    "seed": ("시드", "Seed"),
    "seed_info": (
        "같은 숫자면 같은 답이 나와요. 비우면 매번 달라요.",
        "The same number gives the same answer; empty is random.",
    ),
    "seed_random": ("무작위", "random"),
}

# Particles that depend on whether the noun before them ends in a consonant: (after one, otherwise).
_PARTICLES = {
    "이/가": ("이", "가"),
    "은/는": ("은", "는"),
    "와/과": ("과", "와"),
    "을/를": ("을", "를"),
}


class _Noun(str):
    """A name that takes the particle which fits it: `{name:이/가}`."""

    def __format__(self, spec: str) -> str:
        if spec not in _PARTICLES:
            return super().__format__(spec)
        closed, opened = _PARTICLES[spec]
        return self + (closed if _ends_in_consonant(self) else opened)


def _ends_in_consonant(word: str) -> bool:
    last = word[-1:]
    return "가" <= last <= "힣" and (ord(last) - ord("가")) % 28 != 0


def say(language: str, key: str, **values: object) -> str:
    """Give a sentence of the table in a language, with the values put in."""
    korean, english = TEXTS[key]
    words = {k: _Noun(v) if isinstance(v, str) else v for k, v in values.items()}
    return (english if language == "en" else korean).format_map(words)


def in_language(sentence: str, language: str) -> str:
    """Give the half of a two-language sentence (`한국어. (English.)`) that the visitor reads."""
    parts = re.fullmatch(r"(.+?[.!?])\s+\(([^가-힣\s].*)\)", sentence.strip(), re.DOTALL)
    if parts is None:
        return sentence
    return parts[2] if language == "en" else parts[1]
