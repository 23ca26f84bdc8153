"""Makes the README's pictures from the running page: `.venv/bin/python scripts/screenshots.py`."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, sync_playwright

PORT = 7871
LINES = ("안녕! 나 왔어", "나 오늘 시험 붙었어!!", "고마워 ㅎㅎ 너는 뭐 해?", "나 좀 피곤해 ㅠㅠ")
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
DOCS = Path(__file__).parent.parent / "docs"


def main() -> None:
    """Start a page of its own, talk a little, and take a picture of each size."""
    with TemporaryDirectory() as data:
        environ = {**os.environ, "JJINCHIN_DATA_DIR": data}
        words = [sys.executable, "-m", "app", "--port", str(PORT)]
        with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, text=True) as page:
            try:
                assert page.stdout is not None
                page.stdout.readline()
                take_pictures()
            finally:
                page.terminate()


def take_pictures() -> None:
    """Talk on a desktop, then look at the same conversation on a phone."""
    DOCS.mkdir(exist_ok=True)
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(locale="ko-KR")
        page = context.new_page()
        for name, (width, height) in SIZES.items():
            page.set_viewport_size({"width": width, "height": height})
            page.goto(f"http://127.0.0.1:{PORT}/")
            if name == "desktop":
                talk(page)
            page.wait_for_timeout(1500)
            page.screenshot(path=DOCS / f"{name}.png")
        browser.close()


def talk(page: Page) -> None:
    """Send each line and wait for its answer."""
    box = page.get_by_role("textbox", name=re.compile("메시지|말"))
    box.wait_for()
    for line in LINES:
        box.fill(line)
        box.press("Enter")
        page.wait_for_timeout(3000)


if __name__ == "__main__":
    main()
