"""The page of several models that were trained on the same data: one table, learning curves, score by length."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from jumok.files import write_file_atomically, write_json
from jumok.reporting.numbers import metric_name, scale
from jumok.reporting.page import render
from jumok.reporting.plots import Line, Plot, save_png, svg
from jumok.reporting.run import columns, length_plot, read_record

COMPARISON = "comparison"
FILES = tuple(f"{COMPARISON}.{suffix}" for suffix in ("json", "png", "html"))


@dataclass(frozen=True)
class Variant:
    """One of the models that are compared."""

    name: str
    values: dict[str, Any]  # what makes it different, by key
    run: str
    parameters: int
    steps: int
    seconds: float  # of training
    examples_per_second: float  # predicted
    evaluation: dict[str, Any]  # as in evaluation.json
    metric: str  # chose the best model
    headline: list[str]  # metrics worth showing
    bins: list[dict[str, Any]]  # of lengths
    curve_steps: list[float]
    curve_values: list[float]  # the choosing metric on the valid part

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        return dict(self.evaluation["metrics"])


@dataclass(frozen=True)
class Comparison:
    """Models that differ in what was varied and in nothing else."""

    title: str
    metric: str  # of the curves and the bins
    variants: list[Variant]

    def plots(self) -> list[Plot]:
        """Learning curves, and the score against the length of the source where it has one."""
        factor, unit = scale(self.metric)
        y = metric_name(self.metric) + unit
        lines = [
            Line(v.name, v.curve_steps, [factor * value for value in v.curve_values]) for v in self.variants
        ]
        curves = Plot(lines, "step", y, "Learning curves (valid part, greedy search)", from_zero=True)
        if not all(v.bins for v in self.variants):  # sources that are not made of tokens
            return [replace(curves, title="Learning curves (valid part)")]
        lengths = length_plot({"metric": self.metric}, [(v.name, v.bins) for v in self.variants])
        return [curves, lengths]


def variant_of(run: Path, name: str, values: dict[str, Any]) -> Variant:
    """What a finished run brings to a comparison."""
    record = read_record(run)
    steps, curve = columns(record.part("valid"), record.chooses)
    return Variant(
        name,
        values,
        str(run),
        int(record.environment.get("parameters", 0)),
        int(record.last.get("step") or 0),
        record.seconds,
        float(record.analysis["examples_per_second"]),
        record.evaluation,
        record.chooses,
        record.analysis["headline"],
        record.analysis["bins"],
        steps,
        curve,
    )


def write_comparison(folder: Path, comparison: Comparison) -> Path:
    """Write comparison.json, .html and .png into a folder; the path of the page."""
    write_json(folder / f"{COMPARISON}.json", asdict(comparison))
    names, plots = [v.name for v in comparison.variants], comparison.plots()
    save_png(plots, folder / f"{COMPARISON}.png", names)
    values = {
        "title": comparison.title,
        "comparison": comparison,
        "metrics": shown_metrics(comparison),
        "plots": svg(plots, names),
    }
    page = folder / f"{COMPARISON}.html"
    write_file_atomically(page, render("comparison.html", values).encode())
    return page


def shown_metrics(comparison: Comparison, most: int = 2) -> Sequence[str]:
    """The metric that chooses, and some that stand beside it."""
    known = comparison.variants[0].headline
    return [comparison.metric, *(name for name in known if name != comparison.metric)][:most]
