"""Take the pictures of the workbench in docs/pictures: photograph pages that `jumok look` is serving.

    jumok look runs/translation &
    python docs/screenshots.py http://127.0.0.1:8765/ translation --point 4 --test

`--point N` keeps the output token number N, `--click X Y` a place of the picture (shares of its width and height).
A saved page (file:///...) can be photographed, too. Pictures have 256 colours at most, to be small.
"""

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).parent / "pictures"
MOST = 150_000  # bytes of a picture


def main() -> None:
    asked = arguments()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": asked.width, "height": asked.height},
            color_scheme="dark" if asked.dark else "light",
            locale=asked.language,
        )
        page.goto(asked.address)
        act(page, asked)
        file = save(page.screenshot(full_page=asked.whole), asked.name)
        browser.close()
    print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Take a picture of a page of the workbench.")
    parser.add_argument("address")
    parser.add_argument("name", help="of the picture, without .png")
    parser.add_argument("--text", help="what to type")
    parser.add_argument("--example", type=int, help="an example to choose, instead of the first")
    parser.add_argument("--point", type=int, help="an output token to keep")
    parser.add_argument("--click", type=float, nargs=2, metavar=("X", "Y"), help="a place of the picture")
    parser.add_argument("--choose", action="append", default=[], help="a button to choose, by its text")
    parser.add_argument("--test", action="store_true", help="ask whether it matters")
    parser.add_argument("--steps", type=int, help="a step of the search to show")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--whole", action="store_true", help="all of the page, not a screen of it")
    parser.add_argument("--language", default="en-US")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=860)
    return parser.parse_args()


def act(page: Page, asked: argparse.Namespace) -> None:
    """Do what a person would do before the picture."""
    page.wait_for_selector(".stage[data-shown], .nothing", timeout=60_000)
    if asked.text:
        page.locator("textarea").first.fill(asked.text)
        with page.expect_response("**/api/look"):
            page.locator("textarea").first.press("Enter")
        page.wait_for_timeout(500)
    if asked.example is not None:
        with page.expect_response("**/api/look"):
            page.locator(".example").nth(asked.example).click()
        page.wait_for_selector(".panel[aria-busy=false]")
    for name in asked.choose:
        page.get_by_role("radio", name=name).first.click()
    if asked.click:
        box = page.locator(".picture").first.bounding_box() or {}
        page.mouse.click(box["x"] + asked.click[0] * box["width"], box["y"] + asked.click[1] * box["height"])
    if asked.point is not None:
        page.locator(".row.query .token:visible").nth(asked.point).click()
    if asked.test:
        page.locator("button.test").first.click()
        page.wait_for_selector(".pill", timeout=60_000)
    if asked.steps is not None:
        page.locator(".steps summary").first.click()
        page.get_by_role("slider").last.fill(str(asked.steps))
    page.mouse.move(2, 2)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(500)


def save(picture: bytes, name: str) -> Path:
    """As PNG of few colours, made smaller until it is small."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    PICTURES.mkdir(exist_ok=True)
    file = PICTURES / f"{name}.png"
    fine, plain = Image.Dither.FLOYDSTEINBERG, Image.Dither.NONE
    for share, dither in ((1.0, fine), (0.85, fine), (0.7, fine), (1.0, plain), (0.7, plain)):
        size = round(image.width * share), round(image.height * share)
        small = image.resize(size, Image.Resampling.LANCZOS)
        small.quantize(palette=small.quantize(256, kmeans=2), dither=dither).save(file, optimize=True)
        if file.stat().st_size <= MOST:
            break
    return file


if __name__ == "__main__":
    main()
