"""What the scripts that take pictures of local pages have in common: a browser, a picture, and a small file of it."""

import argparse
import io
import shutil
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).parent / "pictures"
MOST = 150_000  # bytes of a picture


def usual_arguments(what: str, height: int) -> argparse.ArgumentParser:
    """The arguments that all of them take; pages are `height` pixels high by default."""
    parser = argparse.ArgumentParser(description=f"Take a picture of {what}.")
    parser.add_argument("address")
    parser.add_argument("name", help="of the picture, without .png")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--language", default="en-US")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=height)
    return parser


def take(asked: argparse.Namespace, address: str, act: Callable[[Page], None], whole: bool = False) -> None:
    """Open a page, do something there, and keep a picture of it.

    Args:
        asked: The usual arguments.
        address: The page.
        act: What is done before the picture.
        whole: Whether all of the page is shown, not a screen of it.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(
            viewport={"width": asked.width, "height": asked.height},
            color_scheme="dark" if asked.dark else "light",
            locale=asked.language,
        )
        page.goto(address)
        act(page)
        file = save(page.screenshot(full_page=whole), asked.name)
        browser.close()
    print(f"{file}: {file.stat().st_size / 1000:.0f} kB")


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
