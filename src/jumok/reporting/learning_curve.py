"""The page that tells what more data would bring: scores of models trained on growing parts of the data."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from jumok.files import write_file_atomically, write_json
from jumok.metrics.power_law import LEAST_SIZES, PowerLaw, fit_power_law
from jumok.reporting.comparison import link
from jumok.reporting.numbers import format_score, metric_name, scale
from jumok.reporting.page import render
from jumok.reporting.plots import Curve, Plot, save_png, svg
from jumok.wording import quantity

LEARNING_CURVE = "learning_curve"
CURVE_FILES = tuple(f"{LEARNING_CURVE}.{suffix}" for suffix in ("json", "png", "html"))
DRAWN_SIZES = 60
MEASURED, FITTED = "measured", "power law"


@dataclass(frozen=True)
class CurvePoint:
    """A model that was trained on a part of the data."""

    share: float
    seed: int
    examples: int
    score: float
    run: str


@dataclass(frozen=True)
class LearningCurve:
    """Scores by the number of training examples."""

    title: str
    metric: str
    higher_is_better: bool
    limits: tuple[float, float]  # the least and the most that the metric can be
    split: str  # that models are scored on
    scored: int  # examples of it
    points: Sequence[CurvePoint]

    @property
    def sizes(self) -> list[int]:
        """The different numbers of examples, growing: the mean over the seeds of a share."""
        return [round(statistics.fmean(one.examples for one in group)) for group in self.groups]

    @property
    def groups(self) -> list[list[CurvePoint]]:
        """The points of each share, growing."""
        shares = sorted({one.share for one in self.points})
        return [[one for one in self.points if one.share == share] for share in shares]

    @property
    def full(self) -> list[float]:
        """The scores of the largest part."""
        return [one.score for one in self.groups[-1]]

    @property
    def best(self) -> float | None:
        """The best that the metric can be; None where it has no end."""
        best = self.limits[self.higher_is_better]
        return best if math.isfinite(best) else None

    @cached_property
    def law(self) -> PowerLaw | None:
        """The law of all points."""
        return self.law_of(self.groups)

    def law_of(self, groups: Sequence[Sequence[CurvePoint]]) -> PowerLaw | None:
        """The law of some points; None for too few, or for a score without a best value."""
        if self.best is None:
            return None
        means = [statistics.fmean(one.examples for one in group) for group in groups]
        errors = [abs(self.best - one.score) for group in groups for one in group]
        return fit_power_law(np.repeat(means, [len(group) for group in groups]), np.array(errors))

    def score_of(self, error: float) -> float:
        """The score that has an error, within its limits."""
        score = (self.best or 0.0) + (-error if self.higher_is_better else error)
        return min(max(score, self.limits[0]), self.limits[1])

    def predicted(self, law: PowerLaw, size: float) -> tuple[float, float, float]:
        """The score that a law says of a number of examples, with its 95 % bounds."""
        error, (low, high) = law.error(np.array([size])), law.bounds(np.array([size]))
        bounds = sorted((self.score_of(float(low[0])), self.score_of(float(high[0]))))
        return self.score_of(float(error[0])), bounds[0], bounds[1]

    @property
    def verdicts(self) -> list[str]:
        """What the curve says, in sentences."""
        return [sentence for sentence in (self.doubled, self.tested) if sentence]

    @property
    def doubled(self) -> str:
        """What doubling the data would bring."""
        size, name = self.sizes[-1], metric_name(self.metric)
        if self.law is None:
            why = (
                f"a law needs {LEAST_SIZES} different numbers of examples"
                if self.best is not None
                else f"{name} has no best value that it could come nearer to"
            )
            return f"What twice the data would bring is not told: {why}."
        gain, low, high = self.law.fall(size, 2 * size)
        score, worst, top = self.predicted(self.law, 2 * size)
        told = (
            f"With {quantity(2 * size, 'example')} instead of {size:,}, {name} would go from "
            f"{self.shown(self.score_at(size))} to about {self.shown(score)} (95 % interval {self.span(worst, top)}): "
            f"{self.points_of(gain)} better "
            f"({self.span_of_points(low, high)})"
        )
        noise = statistics.stdev(self.full) if len(self.full) > 1 else math.nan
        if high < noise:
            return (
                f"{told}; that is less than another seed changes ({self.points_of(noise)}): more of the same data is "
                "not what is missing."
            )
        if low < 0.05 * high:
            return f"{told}; the interval reaches to nothing."
        return f"{told}."

    @property
    def tested(self) -> str:
        """Whether the law of the smaller parts tells the score of the largest one, which it has not seen."""
        law = self.law_of(self.groups[:-1]) if self.law is not None else None
        if law is None:
            return ""
        size, measured = self.sizes[-1], statistics.fmean(self.full)
        score, low, high = self.predicted(law, size)
        spread = statistics.stdev(self.full) if len(self.full) > 1 else 0.0
        fits = low - spread <= measured <= high + spread
        told = (
            f"Tested: the law of the parts up to {quantity(self.sizes[-2], 'example')} says {self.shown(score)} "
            f"({self.span(low, high)}) for {size:,}, and {self.shown(measured)} was measured"
        )
        return f"{told}." if fits else f"{told}: do not rely on it here."

    def score_at(self, size: float) -> float:
        """The score that the law says of a number of examples."""
        return math.nan if self.law is None else self.predicted(self.law, size)[0]

    def shown(self, score: float) -> str:
        """A score as text."""
        return format_score(self.metric, score)

    def span(self, low: float, high: float) -> str:
        """Two bounds as text."""
        return f"{self.shown(low).removesuffix(' %')} to {self.shown(high)}"

    def points_of(self, difference: float) -> str:
        """A difference of scores as text: 1.20 points."""
        factor, unit = scale(self.metric)
        digits = f"{factor * difference:.2f}" if unit or factor != 1 else f"{difference:.3g}"
        return f"{digits} points" if unit else digits

    def span_of_points(self, low: float, high: float) -> str:
        """Two bounds of a difference as text."""
        return (
            f"{self.points_of(low).removesuffix(' points')} to {self.points_of(high).removesuffix(' points')}"
        )

    def plot(self) -> Plot:
        """Means and extremes over the seeds, and the law up to twice the data."""
        factor, unit = scale(self.metric)
        scores = [[factor * one.score for one in group] for group in self.groups]
        means = [statistics.fmean(group) for group in scores]
        lines = [Curve(MEASURED, self.sizes, means, [*map(min, scores)], [*map(max, scores)])]
        if self.law is not None:
            sizes = np.geomspace(self.sizes[0], 2 * self.sizes[-1], DRAWN_SIZES)
            drawn = [self.predicted(self.law, size) for size in sizes]
            values, low, high = ([factor * value for value in column] for column in zip(*drawn, strict=True))
            lines.append(Curve(FITTED, list(sizes), values, low, high, is_dashed=True))
        title = f"Score by training examples ({self.split} split)"
        return Plot(
            lines,
            "training examples",
            metric_name(self.metric) + unit,
            title,
            marks=(*self.sizes, 2 * self.sizes[-1]),
        )

    def to_json(self) -> dict[str, Any]:
        """The curve as JSON."""
        said: dict[str, Any] = {
            **{name: getattr(self, name) for name in ("title", "metric", "split", "scored", "verdicts")},
            "points": [asdict(one) for one in self.points],
            "law": None,
        }
        if self.law is not None:
            size = self.sizes[-1]
            names = ("value", "low", "high")
            said["law"] = {"a": self.law.a, "b": self.law.b, "c": self.law.c}
            said["doubled"] = {
                "examples": 2 * size,
                "score": dict(zip(names, self.predicted(self.law, 2 * size), strict=True)),
                "gain": dict(zip(names, self.law.fall(size, 2 * size), strict=True)),
            }
        return said


def write_learning_curve(folder: Path, curve: LearningCurve) -> Path:
    """Write learning_curve.json, .png and .html into a folder.

    Args:
        folder: The folder.
        curve: The curve.

    Returns:
        The path of the page.
    """
    write_json(folder / f"{LEARNING_CURVE}.json", curve.to_json())
    plots = [curve.plot()]
    save_png(plots, folder / f"{LEARNING_CURVE}.png")
    values = {
        "title": curve.title,
        "curve": curve,
        "verdicts": curve.verdicts,
        "plot": svg(plots),
        "rows": [curve_row(curve, group, folder) for group in curve.groups],
        "scored": quantity(curve.scored, "example"),
    }
    page = folder / f"{LEARNING_CURVE}.html"
    write_file_atomically(page, render("learning_curve.html", values).encode())
    return page


def curve_row(curve: LearningCurve, group: Sequence[CurvePoint], folder: Path) -> Mapping[str, Any]:
    """A row of the table: a part of the data, and the scores of its seeds.

    Args:
        curve: The curve.
        group: The points of one part.
        folder: Where the page is.

    Returns:
        What the page shows.
    """
    scores = [one.score for one in group]
    size = round(statistics.fmean(one.examples for one in group))
    return {
        "share": f"{100 * group[0].share:.4g} %",
        "examples": f"{size:,}",
        "mean": curve.shown(statistics.fmean(scores)),
        "spread": curve.points_of(statistics.stdev(scores)) if len(scores) > 1 else "",
        "law": curve.shown(curve.score_at(size)),
        "runs": [(curve.shown(one.score), link(Path(one.run), folder)) for one in group],
    }
