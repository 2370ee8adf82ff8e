"""Take the pictures of the label page in docs/pictures, as `jumok label` is serving it.

    python docs/drawn_scenes.py scenes                 # 40 scenes, of which 24 are labelled
    jumok label scenes --kind boxes --no-browser &
    python docs/label_screenshots.py http://127.0.0.1:8766/ label-boxes --train --key 30.png --press Enter --press Enter
    python docs/label_screenshots.py http://127.0.0.1:8766/ label-korean --language ko-KR --key 31.png --press Enter

    python docs/drawn_signals.py motion                # 12 recordings, of which 4 are labelled
    jumok label motion/x.yaml --no-browser &
    python docs/label_screenshots.py http://127.0.0.1:8766/ label-series --key "person 5" --press 3 --drag 0 0.2

The model of the first two pictures learned for 700 steps (`training.steps` in runs/scenes-label/experiment.yaml, which
the first training writes). `--train` presses the button and waits for the model, `--press` presses keys one after the
other, `--drag` marks a share of a signal.
"""

import argparse
from urllib.parse import quote

from page_pictures import take, usual_arguments
from playwright.sync_api import Page

HOUR = 3_600_000  # milliseconds, for a training on a busy machine


def main() -> None:
    asked = arguments()
    place = f"#key={quote(asked.key, safe='')}" if asked.key else ""
    take(asked, asked.address + place, lambda page: act(page, asked))


def arguments() -> argparse.Namespace:
    parser = usual_arguments("the label page", 800)
    parser.add_argument("--key", help="the item to open")
    parser.add_argument("--train", action="store_true", help="train first with what is labelled")
    parser.add_argument("--press", action="append", default=[], help="a key to press")
    parser.add_argument("--drag", type=float, nargs=2, action="append", default=[], metavar=("FROM", "TO"))
    return parser.parse_args()


def act(page: Page, asked: argparse.Namespace) -> None:
    """Do what a person would do before the picture."""
    page.wait_for_function("() => window.jumok?.page?.desk?.record && jumok.page.timer")
    if asked.train:
        page.locator("button.train").click()
        page.wait_for_function("() => jumok.page.session.model", timeout=HOUR)
        page.wait_for_function("() => jumok.page.desk.proposals.has(jumok.page.desk.key)", timeout=HOUR)
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
