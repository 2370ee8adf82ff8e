"""Take the pictures of the label page in docs/pictures, as `jumok label` or the made-up server is serving it.

    python tests/browser/made_label_server.py boxes 8770 --count 364 &
    python docs/label_screenshots.py http://127.0.0.1:8770/ label-boxes --press Enter --press Enter

`--press` presses keys one after the other, `--drag` marks a share of a signal.
"""

import argparse
import shutil
from urllib.parse import quote

from playwright.sync_api import Page, sync_playwright
from screenshots import save


def main() -> None:
    asked = arguments()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": asked.width, "height": asked.height},
            color_scheme="dark" if asked.dark else "light",
            locale=asked.language,
        )
        page.goto(asked.address + (f"#key={quote(asked.key, safe='')}" if asked.key else ""))
        page.wait_for_function("() => window.jumok?.page?.desk?.record && jumok.page.timer")
        act(page, asked)
        file = save(page.screenshot(), asked.name)
        browser.close()
    print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Take a picture of the label page.")
    parser.add_argument("address")
    parser.add_argument("name", help="of the picture, without .png")
    parser.add_argument("--key", help="the item to open")
    parser.add_argument("--press", action="append", default=[], help="a key to press")
    parser.add_argument("--drag", type=float, nargs=2, action="append", default=[], metavar=("FROM", "TO"))
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--language", default="en-US")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=800)
    return parser.parse_args()


def act(page: Page, asked: argparse.Namespace) -> None:
    """Do what a person would do before the picture."""
    page.wait_for_timeout(800)
    for key in asked.press:
        page.keyboard.press(key)
        page.wait_for_timeout(300)
    for start, end in asked.drag:
        frame = page.locator(".signal-frame").bounding_box()
        if frame is None:
            raise SystemExit("no signal is shown")
        left, y = frame["x"] + 64, frame["y"] + 90
        page.mouse.move(left + start * (frame["width"] - 64), y)
        page.mouse.down()
        page.mouse.move(left + end * (frame["width"] - 64), y, steps=3)
        page.mouse.up()
    page.mouse.move(2, 2)
    page.wait_for_timeout(900)


if __name__ == "__main__":
    main()
