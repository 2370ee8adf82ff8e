"""Baselines as people read them: rows of a table, and a sentence where one is as good as the model."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jumok.reporting.numbers import UNDEFINED, format_score, interval, metric_name
from jumok.reporting.verdicts import format_p_value

Baselines = Mapping[str, Mapping[str, Any]]  # as evaluation.json has them


@dataclass(frozen=True)
class BaselineRow:
    """One baseline by one metric."""

    name: str
    metric: str
    value: str
    interval: str
    p: str  # of the paired test against the model
    verdict: str  # on the model, by the metric that chooses it; empty by another one
    fitted_on: str

    @property
    def is_selecting(self) -> bool:
        """Whether the metric is the one that chooses the model."""
        return bool(self.verdict)


def baselines_of_output(baselines: Baselines, output: str) -> dict[str, Mapping[str, Any]]:
    """The baselines of one output, among those of several, by their plain names and those of its metrics."""
    prefix = f"{output}."
    return {
        name.removeprefix(prefix): {key: without(prefix, value) for key, value in one.items()}
        for name, one in baselines.items()
        if one["output"] == output
    }


def without(prefix: str, value: Any) -> Any:
    """A value without a prefix: a name, or names of a dictionary; other values stay as they are."""
    if isinstance(value, Mapping):
        return {name.removeprefix(prefix): inner for name, inner in value.items()}
    return value.removeprefix(prefix) if isinstance(value, str) else value


def baseline_rows(baselines: Baselines) -> list[BaselineRow]:
    """The rows of all baselines that were scored; for each, first the metric that chooses the model."""
    return [
        baseline_row(name, metric, one)
        for name, one in scored_baselines(baselines).items()
        for metric in sorted(one["metrics"], key=lambda metric: metric != one["metric"])
    ]


def scored_baselines(baselines: Baselines) -> dict[str, Mapping[str, Any]]:
    """The baselines that were not left out."""
    return {name: one for name, one in baselines.items() if "left_out" not in one}


def baseline_row(name: str, metric: str, one: Mapping[str, Any]) -> BaselineRow:
    """One baseline by one metric.

    Args:
        name: Name of the baseline.
        metric: Name of the metric.
        one: The baseline as evaluation.json has it.

    Returns:
        The row.
    """
    score, difference = one["metrics"][metric], one["differences"].get(metric)
    return BaselineRow(
        name,
        metric,
        format_score(metric, score["value"]),
        interval(metric, score),
        UNDEFINED
        if difference is None
        else format_p_value(difference["p"]).removeprefix("p ").removeprefix("= "),
        one["verdict"] if metric == one["metric"] else "",
        fitting(one),
    )


def fitting(one: Mapping[str, Any]) -> str:
    """What a baseline was fitted on: "300 examples", or "20,000 of 60,000 examples"."""
    if not one["fitted_on"]:
        return "nothing"
    of = f" of {one['of']:,}" if one["fitted_on"] < one["of"] else ""
    remark = f", {one['remark']}" if one.get("remark") else ""
    return f"{one['fitted_on']:,}{of} examples{remark}"


def baseline_sentences(baselines: Baselines) -> list[str]:
    """A sentence on each baseline that the model is not better than, and on each that was left out."""
    return [*not_better(baselines), *left_out(baselines)]


def not_better(baselines: Baselines) -> Iterator[str]:
    """Which baselines the model is not better than, beyond chance: a sentence for each metric and verdict."""
    groups: dict[tuple[str, str], list[str]] = {}
    for name, one in scored_baselines(baselines).items():
        if one["verdict"] != "better":
            p = one["differences"].get(one["metric"], {}).get("p")
            told = f"“{name}”" + ("" if p is None else f" ({format_p_value(p)})")
            groups.setdefault((one["metric"], one["verdict"]), []).append(told)
    for (metric, verdict), names in groups.items():
        which = "baseline" if len(names) == 1 else "baselines"
        yield f"by {metric_name(metric)} the model is {verdict} than the {which} {', '.join(names)}"


def left_out(baselines: Baselines) -> Iterator[str]:
    """Which baselines were left out, and why."""
    for name, one in baselines.items():
        if "left_out" in one:
            yield f"the baseline “{name}” was left out: {one['left_out']}"
