"""A person at the label page who knows what is on each image, and whose every key, click and drag is counted."""

import time
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from label_parts import opened

RIGHT = 0.75  # IoU from which on a person leaves a box as it is
ABOUT = 0.5  # IoU from which on a person corrects a box instead of drawing another
STILL = 3  # pixels that a side may be off where another one is corrected
PATIENCE = 12  # clicks for one object
MOST = 400  # changes of an image

TO_SCREEN = """([x, y]) => {
  const { stage } = jumok.page.desk.editor, [a, b] = stage.toScreen(x, y);
  stage.updateOrigin();
  return [a + stage.left, b + stage.top];
}"""
READ = """() => {
  const { editor, className } = jumok.page.desk;
  const told = (one) => ({ uid: one.uid, name: one.class, box: one.box });
  const [marks, proposals] = [editor.objects, editor.visibleProposals()].map((some) => some.map(told));
  return { marks, proposals, selected: editor.selected, className };
}"""


class Thing(NamedTuple):
    """An object on an image."""

    name: str
    box: list[float]
    uid: str = ""


class Page(NamedTuple):
    """What a person sees on the page."""

    marks: list[Thing]
    proposals: list[Thing]
    selected: str | None
    name: str  # the current class


def overlap(one: list[float], other: list[float]) -> float:
    """IoU of two boxes."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width * height / (areas - width * height)


def matched(found: list[Thing], truth: list[Thing]) -> dict[int, int]:
    """Which box of the truth each of what is found is about, each at most once, the best overlap first."""
    pairs = sorted(
        (
            (overlap(one.box, two.box) + (one.name == two.name) * 1e-3, row, column)
            for row, one in enumerate(found)
            for column, two in enumerate(truth)
            if overlap(one.box, two.box) >= ABOUT
        ),
        reverse=True,
    )
    rows: dict[int, int] = {}
    for _, row, column in pairs:
        if row not in rows and column not in rows.values():
            rows[row] = column
    return rows


def is_right(one: Thing, two: Thing) -> bool:
    """Whether a person leaves a box as it is."""
    return one.name == two.name and overlap(one.box, two.box) >= RIGHT


class Annotator:
    """Works through the page, and counts what the hands do."""

    def __init__(self, page: Any, truth: dict[str, list[Thing]]) -> None:
        self.page, self.truth = page, truth
        self.counts: Counter[str] = Counter()

    # The hands.

    def press(self, key: str) -> None:
        self.counts["keys"] += 1
        self.page.keyboard.press(key)

    def move(self, x: float, y: float) -> None:
        self.page.mouse.move(*self.page.evaluate(TO_SCREEN, [x, y]))

    def click(self, x: float, y: float) -> None:
        self.counts["clicks"] += 1
        self.move(x, y)
        self.page.mouse.down()
        self.page.mouse.up()

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.counts["drags"] += 1
        self.move(*start)
        self.page.mouse.down()
        self.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
        self.move(*end)
        self.page.mouse.up()

    # The eyes.

    @property
    def key(self) -> str:
        """The item that is open."""
        found: str = self.page.evaluate("jumok.page.desk.key")
        return found

    def look(self) -> Page:
        """What is on the page now."""
        told = self.page.evaluate(READ)
        marks, proposals = (
            [Thing(one["name"], one["box"], one["uid"]) for one in told[name]]
            for name in ("marks", "proposals")
        )
        return Page(marks, proposals, told["selected"], told["className"])

    # The work.

    def draw(self, thing: Thing) -> None:
        """Drag a box; a class that it should not have is changed by its number."""
        x1, y1, x2, y2 = thing.box
        self.move(x1, y1)
        if self.page.locator(".draw-stage").evaluate("(one) => one.style.cursor") != "crosshair":
            self.press("Escape")  # a handle of the last box lies there
        self.drag((x1, y1), (x2, y2))
        seen = self.look()
        (new,) = [one for one in seen.marks if one.uid == seen.selected]
        if new.name != thing.name:
            self.press(self.number(thing.name))

    def number(self, name: str) -> str:
        """The key of a class."""
        names = self.page.evaluate("jumok.page.session.classes.map((one) => one.name)")
        return str(names.index(name) + 1)

    def select(self, thing: Thing) -> None:
        """Click where least lies above it, until it is selected."""
        seen = self.look()
        others = [one.box for one in (*seen.marks, *seen.proposals) if one.uid != thing.uid]
        x1, y1, x2, y2 = thing.box
        places = [(x1 + a * (x2 - x1), y1 + b * (y2 - y1)) for a in SPOTS for b in SPOTS]
        x, y = min(
            places, key=lambda at: sum(o[0] <= at[0] <= o[2] and o[1] <= at[1] <= o[3] for o in others)
        )
        for _ in range(PATIENCE):
            if self.look().selected == thing.uid:
                return
            self.click(x, y)
        assert self.look().selected == thing.uid, f"{thing} cannot be selected"

    def correct(self, thing: Thing, truth: Thing) -> None:
        """Give it the right class, or draw it anew, which takes its place."""
        if overlap(thing.box, truth.box) >= RIGHT:
            self.select(thing)
            self.press(self.number(truth.name))
            return
        seen = self.look()
        if seen.selected is not None:
            self.press("Escape")
        if seen.name != thing.name:
            self.press(self.number(thing.name))
        self.draw(Thing(thing.name, truth.box))
        if thing.name != truth.name:
            self.press(self.number(truth.name))

    def adjust(self, thing: Thing, truth: Thing) -> None:
        """Drag the corners whose sides are off, then name it."""
        self.select(thing)
        off = [abs(a - b) > STILL for a, b in zip(thing.box, truth.box, strict=True)]
        box = list(thing.box)
        for corner in (0, 2):
            if off[corner] or off[corner + 1]:
                self.drag((box[corner], box[corner + 1]), (truth.box[corner], truth.box[corner + 1]))
                box[corner : corner + 2] = truth.box[corner : corner + 2]
        if thing.name != truth.name:
            self.press(self.number(truth.name))

    def walk(self) -> None:
        """Go from proposal to proposal by keys alone: Enter takes one, Delete drops it, those that are off stay."""
        self.press("Enter")  # selects the surest
        seen = self.look()
        while seen.selected is not None and any(one.uid == seen.selected for one in seen.proposals):
            row = [one.uid for one in seen.proposals].index(seen.selected)
            column = matched(seen.proposals, self.truth[self.key]).get(row)
            right = column is not None and is_right(seen.proposals[row], self.truth[self.key][column])
            if column is not None and not right:
                return
            self.press("Enter" if right else "Delete")
            seen = self.look()

    def repair(self, by_corners: bool) -> None:
        """Reject and correct proposals until all that are left are right, then take them at once."""
        truth = self.truth[self.key]
        for _ in range(MOST):
            seen = self.look()
            rows = matched(seen.proposals, truth)
            wrong = [one for row, one in enumerate(seen.proposals) if row not in rows]
            off = [
                (seen.proposals[row], truth[column])
                for row, column in rows.items()
                if not is_right(seen.proposals[row], truth[column])
            ]
            if wrong:
                self.reject(wrong, seen)
            elif off:
                (self.adjust if by_corners else self.correct)(*off[0])
            else:
                break
        if self.look().proposals:
            self.press("Shift+Enter")

    def reject(self, wrong: list[Thing], seen: Page) -> None:
        """Delete one that is selected or lies alone under the pointer, else one that is clicked at."""
        for one in wrong:
            if seen.selected is None and (place := self.alone(one, seen)) is not None:
                self.move(*place)
                self.press("Delete")
                return
        wrong.sort(key=lambda one: one.uid != seen.selected)
        self.select(wrong[0])
        self.press("Delete")

    def alone(self, thing: Thing, seen: Page) -> tuple[float, float] | None:
        """A place on a proposal where no other one is."""
        others = [one.box for one in seen.proposals if one.uid != thing.uid]
        x1, y1, x2, y2 = thing.box
        for x, y in ((x1 + a * (x2 - x1), y1 + b * (y2 - y1)) for a in SPOTS for b in SPOTS):
            if not any(o[0] - 4 <= x <= o[2] + 4 and o[1] - 4 <= y <= o[3] + 4 for o in others):
                return x, y
        return None

    def finish(self) -> None:
        """Draw what is missing, and see that all is right."""
        truth = self.truth[self.key]
        for column in sorted(set(range(len(truth))) - set(matched(self.look().marks, truth).values())):
            self.draw(truth[column])
        marks = self.look().marks
        rows = matched(marks, truth)
        assert len(rows) == len(marks) == len(truth), (self.key, marks, truth)
        assert all(is_right(marks[row], truth[column]) for row, column in rows.items())

    def next_unlabelled(self) -> None:
        """Go on; the page tells when the next image is there."""
        key = self.key
        self.press("u")
        self.page.wait_for_function("key => jumok.page.desk.key !== key", arg=key)
        opened(self.page, self.key)


SPOTS = np.linspace(0.1, 0.9, 9).tolist()


def unchanged(proposals: list[Thing], truth: list[Thing]) -> int:
    """How many proposals need nothing but a yes."""
    return sum(is_right(proposals[row], truth[column]) for row, column in matched(proposals, truth).items())


def waited(page: Any, condition: str, seconds: float, **more: Any) -> float:
    """Wait for a condition, and tell how long it took."""
    began = time.monotonic()
    page.wait_for_function(condition, timeout=1000 * seconds, **more)
    return time.monotonic() - began
