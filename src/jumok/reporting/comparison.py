"""The page that compares models trained on the same data: one table, learning curves, score by length."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from jumok.evaluation.apart import Contest, Side
from jumok.files import write_file_atomically, write_json
from jumok.reporting.baselines import scored_baselines
from jumok.reporting.numbers import UNDEFINED, metric_name, scale
from jumok.reporting.page import flow, render
from jumok.reporting.plots import Curve, Plot, save_png, svg
from jumok.reporting.run import as_address, columns, length_plot, read_record, selecting_view
from jumok.reporting.verdicts import marks, verdicts
from jumok.runs.layout import RunLayout

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
    curve_values: list[float]  # the choosing metric on the valid split

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """The scores with their bounds, by metric."""
        return dict(self.evaluation["metrics"])


@dataclass(frozen=True)
class Comparison:
    """Models that differ only in the varied settings."""

    title: str
    metric: str  # of the curves and the bins
    variants: list[Variant]
    contests: list[Contest] = field(default_factory=list)  # the best by each metric against the others
    examples: list[Side] = field(default_factory=list)  # where answers differ most

    def plots(self) -> list[Plot]:
        """Learning curves, and the score against the length of the source where it has one."""
        factor, unit = scale(self.metric)
        y = metric_name(self.metric) + unit
        lines = [
            Curve(v.name, v.curve_steps, [factor * value for value in v.curve_values]) for v in self.variants
        ]
        curves = Plot(lines, "step", y, "Learning curves (valid split, greedy search)", from_zero=True)
        learned = any(len(v.curve_steps) > 1 for v in self.variants)  # one point is no curve
        if not all(v.bins for v in self.variants):  # sources without tokens
            return [replace(curves, title="Learning curves (valid split)")] if learned else []
        lengths = length_plot({"metric": self.metric}, [(v.name, v.bins) for v in self.variants])
        return [curves, lengths] if learned else [lengths]


def variant_of(run: Path, name: str, values: dict[str, Any]) -> Variant:
    """Collect what a comparison shows of a finished run.

    Args:
        run: Folder of the run.
        name: Name of the model.
        values: The varied settings.

    Returns:
        The variant.
    """
    record = read_record(run)
    selecting = selecting_view(record).analysis
    steps, curve = columns(record.lines_of("valid"), record.selection_metric)
    return Variant(
        name,
        values,
        str(run),
        int(record.environment.get("parameters", 0)),
        int(record.last.get("step") or 0),
        record.seconds,
        float(selecting["examples_per_second"]),
        record.evaluation,
        record.selection_metric,
        record.analysis["headline"],
        selecting["bins"],
        steps,
        curve,
    )


def write_comparison(
    folder: Path, comparison: Comparison, images: Mapping[int, bytes] = MappingProxyType({})
) -> Path:
    """Write comparison.json, .html and .png into a folder.

    Args:
        folder: The folder.
        comparison: The comparison.
        images: JPEGs by the number of their example.

    Returns:
        The path of the page.
    """
    write_json(folder / f"{COMPARISON}.json", asdict(comparison))
    names, plots = [v.name for v in comparison.variants], comparison.plots()
    if plots:
        save_png(plots, folder / f"{COMPARISON}.png", names)
    values = {
        "title": comparison.title,
        "comparison": comparison,
        "metrics": shown_metrics(comparison),
        "plots": svg(plots, names) if plots else "",
        "reports": {v.name: link(Path(v.run), folder) for v in comparison.variants},
        "settings": settings(comparison.variants),
        "verdicts": verdicts(comparison),
        "marks": marks(comparison),
        "baselines": scored_baselines(comparison.variants[0].evaluation.get("baselines", {})),
        "images": {i: as_address(image) for i, image in images.items()},
    }
    page = folder / f"{COMPARISON}.html"
    write_file_atomically(page, render("comparison.html", values).encode())
    return page


def link(run: Path, folder: Path) -> str:
    """The link from a page in a folder to the report of a run."""
    return quote(Path(os.path.relpath(RunLayout(run).report, folder)).as_posix())


def settings(variants: Sequence[Variant]) -> dict[str, list[str]]:
    """The settings that differ, by name: the value of each model, a dash if it has none."""
    each = [flatten_options(v.values) for v in variants]
    names = dict.fromkeys(name for values in each for name in values)
    found = {name: [flow(values[name]) if name in values else UNDEFINED for values in each] for name in names}
    return {name: values for name, values in found.items() if len(set(values)) > 1}


def flatten_options(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Nested options as one dictionary with dotted names."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= (
            flatten_options(value, f"{above}{name}.") if isinstance(value, dict) else {above + name: value}
        )
    return found


def shown_metrics(comparison: Comparison, most: int = 2) -> Sequence[str]:
    """The selection metric, and some others to show beside it."""
    known = comparison.variants[0].headline
    return [comparison.metric, *(name for name in known if name != comparison.metric)][:most]
