"""The score that chooses the best model: a metric of one output, as `training.select` names it."""

from collections.abc import Mapping
from typing import NamedTuple

from jumok.errors import did_you_mean
from jumok.kinds.field_options import OutputOptions
from jumok.kinds.options import error_at

SELECT = ("training", "select")


class Selection(NamedTuple):
    """The output whose score chooses the best model, and the metric where `training.select` names it."""

    output: str
    metric: str | None


def selection(select: str | None, outputs: Mapping[str, OutputOptions]) -> Selection:
    """What `training.select` means: OUTPUT.METRIC, or a metric of the single output; raises ValueError."""
    first = next(iter(outputs))
    if select is None:
        if len(outputs) > 1:
            raise error_at(
                "there are several outputs; say by training.select which score chooses the best model, like "
                f"{score_example(first, outputs[first])} (outputs: {', '.join(outputs)})",
                "outputs",
            )
        return Selection(first, None)
    output, dot, metric = select.rpartition(".")
    if not dot and len(outputs) == 1:
        output = first
    if output not in outputs:
        known = [f"{name}.{one}" for name, options in outputs.items() for one in options.selection_metrics()]
        raise error_at(f"there is no score {select!r}{did_you_mean(select, known)}", *SELECT)
    known = list(outputs[output].selection_metrics())
    if metric not in known:
        raise error_at(f"{output} has no metric {metric!r}{did_you_mean(metric, known)}", *SELECT)
    return Selection(output, metric)


def score_example(name: str, options: OutputOptions) -> str:
    """A score of an output, as `training.select` names it."""
    return ".".join((name, *options.selection_metrics()[:1]))
