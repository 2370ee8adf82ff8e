"""What a person does on the label page, for tests."""


def saved(page, state="saved"):
    page.wait_for_selector(f'.save[data-save="{state}"]')


def opened(page, key):
    page.wait_for_function("key => window.jumok?.page?.desk?.key === key", arg=key)


def draw_box(page, x=0.3, y=0.3, size=0.2):
    """Drag over the picture, in shares of it."""
    stage = page.locator(".draw-stage").bounding_box()
    at = lambda a, b: (stage["x"] + a * stage["width"], stage["y"] + b * stage["height"])  # noqa: E731
    page.keyboard.press("b")
    page.mouse.move(*at(x, y))
    page.mouse.down()
    page.mouse.move(*at(x + size / 2, y + size / 2))
    page.mouse.move(*at(x + size, y + size))
    page.mouse.up()


def drag_signal(page, start, end):
    """Drag over the signal, in shares of what is shown."""
    frame = page.locator(".signal-frame").bounding_box()
    left = 64 if frame["width"] >= 560 else 0
    at = lambda a: frame["x"] + left + a * (frame["width"] - left)  # noqa: E731
    page.mouse.move(at(start), frame["y"] + 90)
    page.mouse.down()
    page.mouse.move(at((start + end) / 2), frame["y"] + 90)
    page.mouse.move(at(end), frame["y"] + 90)
    page.mouse.up()


def unsaved(page):
    return set(page.evaluate("[...jumok.page.saver.open.keys()]"))


def kept(page):
    """Keys of what is not written: what the page is sending, and what it keeps and offers after a reload."""
    names = page.evaluate(
        "jumok.page.drafts.kept().then((kept) => kept.map(([name]) => name.slice(jumok.page.drafts.prefix.length)))"
    )
    return unsaved(page) | {name.split("|", 1)[1] for name in names}
