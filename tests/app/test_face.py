"""Faces are drawn from a card's words, safely and quickly, with or without libcairo."""

import importlib
import re
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.errors import AppError
from app.face import check_look, draw

ROOT = Path(__file__).parent.parent.parent
CARDS = sorted(ROOT.glob("persona/cards/*/card.toml"))
LOOK = {"style": "TRANSPARENT", "top_type": "LONG_HAIR_BOB"}
EXPRESSIONS = {
    "everyday": {"mouth_type": "TWINKLE"},
    "glad": {"mouth_type": "SMILE", "eye_type": "HAPPY"},
}
SVG = "{http://www.w3.org/2000/svg}"
# Drawing brings the library in, which cannot be imported by itself where libcairo is missing.
draw({}, {}, "everyday")
py_avataaars = importlib.import_module("py_avataaars")
EVERY_WORD = [
    (key, word)
    for key, words in {
        "style": py_avataaars.AvatarStyle,
        "background_color": py_avataaars.Color,
        "skin_color": py_avataaars.SkinColor,
        "hair_color": py_avataaars.HairColor,
        "facial_hair_type": py_avataaars.FacialHairType,
        "facial_hair_color": py_avataaars.HairColor,
        "top_type": py_avataaars.TopType,
        "hat_color": py_avataaars.Color,
        "mouth_type": py_avataaars.MouthType,
        "eye_type": py_avataaars.EyesType,
        "nose_type": py_avataaars.NoseType,
        "eyebrow_type": py_avataaars.EyebrowType,
        "accessories_type": py_avataaars.AccessoriesType,
        "clothe_type": py_avataaars.ClotheType,
        "clothe_color": py_avataaars.Color,
        "clothe_graphic_type": py_avataaars.ClotheGraphicType,
    }.items()
    for word in words.__members__
]


def ids(svg: str) -> list[str]:
    return re.findall(r'\bid="([^"]+)"', svg)


def links(svg: str) -> set[str]:
    return set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'\bhref="#([^"]+)"', svg))


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.parent.name)
def test_every_card_can_be_drawn_with_a_face_for_each_expression(path: Path) -> None:
    card = tomllib.loads(path.read_text(encoding="utf-8"))
    check_look(card["look"], card["expressions"])
    drawn = {draw(card["look"], card["expressions"], name) for name in card["expressions"]}
    assert {"everyday", "sad", "glad"} <= card["expressions"].keys()
    assert len(drawn) == len(card["expressions"])


@pytest.mark.parametrize(("key", "word"), EVERY_WORD, ids=lambda value: value)
def test_every_word_of_the_library_is_drawn_whole(key: str, word: str) -> None:
    svg = draw({key: word}, {}, "everyday")
    tags = {element.tag for element in ElementTree.fromstring(svg).iter()}
    assert {f"{SVG}path", f"{SVG}title"} <= tags
    assert not tags & {f"{SVG}script", f"{SVG}style", f"{SVG}image", f"{SVG}a"}
    assert " on" not in svg and "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert len(ids(svg)) == len(set(ids(svg)))
    assert links(svg) <= set(ids(svg))


def test_a_word_changes_the_picture() -> None:
    assert "#F59797" in draw(LOOK | {"hair_color": "PASTEL_PINK"}, {}, "everyday")
    assert draw(LOOK, EXPRESSIONS, "glad") != draw(LOOK, EXPRESSIONS, "everyday")


def test_the_page_decides_the_size() -> None:
    root = ElementTree.fromstring(draw(LOOK, EXPRESSIONS, "everyday"))
    assert root.get("viewBox") and root.get("width") is None and root.get("height") is None


def test_a_screen_reader_gets_a_name() -> None:
    root = ElementTree.fromstring(draw(LOOK, EXPRESSIONS, "glad", title='지희 <"&> 기쁨'))
    title = root.find(f"{SVG}title")
    assert title is not None and title.text == '지희 <"&> 기쁨'
    assert root.get("role") == "img" and root.get("aria-labelledby") == title.get("id")
    assert "기쁜 표정" in draw(LOOK, EXPRESSIONS, "glad")


def test_an_expression_that_the_card_lacks_is_the_everyday_one() -> None:
    assert draw(LOOK, EXPRESSIONS, "speaking") == draw(LOOK, EXPRESSIONS, "everyday")
    assert draw(LOOK, {}, "speaking") == draw(LOOK, {}, "everyday")


def test_faces_on_one_page_share_no_ids() -> None:
    one, other = draw(LOOK, EXPRESSIONS, "everyday"), draw(LOOK, EXPRESSIONS, "glad")
    again = draw(LOOK, EXPRESSIONS, "everyday", prefix="list-1")
    assert not set(ids(one)) & set(ids(other))
    assert not set(ids(one)) & set(ids(again))
    assert links(again) <= set(ids(again))


def test_the_same_words_give_the_same_picture_in_any_order() -> None:
    turned = dict(reversed(LOOK.items()))
    assert draw(turned, EXPRESSIONS, "glad") == draw(LOOK, EXPRESSIONS, "glad")


def test_a_face_seen_before_is_there_at_once() -> None:
    started = time.process_time()
    draw(LOOK | {"hat_color": "PINK"}, EXPRESSIONS, "glad")
    first_s = time.process_time() - started
    started = time.process_time()
    draw(LOOK | {"hat_color": "PINK"}, EXPRESSIONS, "glad")
    again_s = time.process_time() - started
    print(f"first {first_s * 1000:.1f} ms, again {again_s * 1000:.3f} ms")
    assert again_s < 0.01


@pytest.mark.parametrize(
    ("look", "expressions", "named"),
    [
        ({"top_typ": "HAT"}, {}, r"\[look\] top_typ.*top_type"),
        ({"top_type": "LONG_HAIR_STRAIT"}, {}, "LONG_HAIR_STRAIT.*LONG_HAIR_STRAIGHT"),
        ({"style": "BLANK"}, {}, "BLANK.*TRANSPARENT"),
        ({}, {"sad": {"eye_type": "CRYING"}}, r"\[expressions.sad\] eye_type.*CRY"),
        ({}, {"sad": {"render_svg": "HAT"}}, r"\[expressions.sad\]"),
        ({"simplify": "HAT"}, {}, "simplify"),
    ],
)
def test_a_wrong_word_is_named_with_the_nearest_ones(
    look: dict[str, str], expressions: dict[str, dict[str, str]], named: str
) -> None:
    with pytest.raises(AppError, match=named):
        check_look(look, expressions)


def test_drawing_refuses_a_wrong_word_too() -> None:
    with pytest.raises(AppError, match="top_type"):
        draw({"top_type": "<script>"}, {}, "everyday")


WITHOUT_CAIRO = """
import builtins, sys

class NoCairo:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("cairosvg", "cairocffi"):
            {how}

sys.meta_path.insert(0, NoCairo())
from app.face import check_look, draw

check_look({{"top_type": "HAT"}})
sys.stdout.buffer.write(draw({{"top_type": "HAT"}}, {{}}, "everyday").encode())
assert "cairosvg" not in sys.modules
try:
    import cairosvg
except (ImportError, OSError):
    pass
else:
    raise AssertionError("the stand-in is still there")
"""


@pytest.mark.parametrize(
    "how",
    [
        'raise ImportError("No module named cairosvg")',
        "raise OSError('no library called \"cairo-2\" was found')",
    ],
    ids=["cairosvg is not installed", "libcairo is not installed"],
)
def test_without_cairo_the_same_face_is_drawn(how: str) -> None:
    child = subprocess.run(
        [sys.executable, "-c", WITHOUT_CAIRO.format(how=how)],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr.decode()
    assert child.stdout.decode() == draw({"top_type": "HAT"}, {}, "everyday")
