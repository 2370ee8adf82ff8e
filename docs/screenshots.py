"""Take the pictures of the workbench in docs/pictures: photograph pages that `jumok look` is serving.

    jumok look runs/translation &
    python docs/screenshots.py http://127.0.0.1:8765/ translation --point 4 --test

`--point N` keeps the output token number N, `--click X Y` a place of the picture (shares of its width and height).
A saved page (file:///...) can be photographed, too. Pictures have 256 colours at most, to be small.
"""

import argparse

from page_pictures import take, usual_arguments
from playwright.sync_api import Page


def main() -> None:
    asked = arguments()
    take(asked, asked.address, lambda page: act(page, asked), asked.whole)


def arguments() -> argparse.Namespace:
    parser = usual_arguments("a page of the workbench", 860)
    parser.add_argument("--text", help="what to type")
    parser.add_argument("--example", type=int, help="an example to choose, instead of the first")
    parser.add_argument("--point", type=int, help="an output token to keep")
    parser.add_argument("--click", type=float, nargs=2, metavar=("X", "Y"), help="a place of the picture")
    parser.add_argument("--choose", action="append", default=[], help="a button to choose, by its text")
    parser.add_argument("--test", action="store_true", help="ask whether it matters")
    parser.add_argument("--steps", type=int, help="a step of the search to show")
    parser.add_argument("--whole", action="store_true", help="all of the page, not a screen of it")
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


if __name__ == "__main__":
    main()
