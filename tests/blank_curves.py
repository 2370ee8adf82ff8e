"""Trainings whose reports have blank curves and charts: drawing them takes a third of a small training, and more.

Curves themselves are drawn where reports and comparisons are tested.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from jumok.reporting import plots

DRAWN = ("reporting", "test_comparison.py")  # folders and files of tests that look at curves
BLANK = "<svg></svg>"


class BlankFigure:
    def savefig(self, file: Any, **how: Any) -> None:
        if hasattr(file, "write"):
            file.write(BLANK)
        else:
            Path(file).write_text(BLANK)


@contextmanager
def blank(*arguments: Any) -> Iterator[BlankFigure]:
    """What stands for the figure of some plots."""
    yield BlankFigure()


def blank_chart(*arguments: Any) -> Image.Image:
    """What stands for the chart of a forecast."""
    return Image.new("RGB", (64, 39), "white")


def install() -> None:
    """In this process, for all of its life."""
    plots._drawn = blank  # type: ignore[assignment]
