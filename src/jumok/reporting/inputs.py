"""How much a model uses each of its inputs, as rows of a table."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from jumok.reporting.numbers import UNDEFINED, format_score, metric_name

INPUT_COLUMNS = (
    "input",
    "attention",
    "score",
    "with all inputs",
    "without it",
    "change, 95 % interval",
    "verdict",
)
MAX_METRICS = 3  # of each input
SURPRISED = (
    "An input is hidden in all rows. A model that never met rows without it may be worse for that alone; train it "
    "with optional inputs and training.modality_dropout to know."
)


class InputRow(NamedTuple):
    """One score without one input."""

    name: str  # of the input; empty below its first row
    attention: str  # the share that it gets, by output where there are several
    metric: str
    whole: str
    without: str
    change: str
    verdict: str


def input_rows(uses: Mapping[str, Mapping[str, Any]], headline: Sequence[str]) -> list[InputRow]:
    """The rows of all inputs.

    Args:
        uses: What evaluation.json says of each input.
        headline: The metrics worth showing, the most important first.

    Returns:
        A row for each input and metric, and one for an input that cannot be hidden.
    """
    found = []
    for name, use in uses.items():
        shown = [metric for metric in headline if metric in use["hidden"] and "/" not in metric][:MAX_METRICS]
        rows = [score_row(metric, use["hidden"][metric]) for metric in shown]
        rows = rows or [not_hidden(use["why_not"])]
        found += [rows[0]._replace(name=name, attention=attention_text(use["attention"])), *rows[1:]]
    return found


def score_row(metric: str, hidden: Mapping[str, Any]) -> InputRow:
    """The row of one metric, as yet without its input."""
    whole, without, change = (format_score(metric, hidden[one]) for one in ("whole", "without", "change"))
    low, high = (format_score(metric, hidden[one]) for one in ("low", "high"))
    bounds = "" if UNDEFINED in (low, high) else f" ({low.removesuffix(' %')} – {high})"
    return InputRow("", "", metric_name(metric), whole, without, change + bounds, hidden["verdict"])


def not_hidden(reason: str) -> InputRow:
    """The row of an input that cannot be hidden."""
    return InputRow("", "", UNDEFINED, UNDEFINED, UNDEFINED, UNDEFINED, f"not hidden: {reason}")


def attention_text(shares: Mapping[str, float]) -> str:
    """The shares of attention of an input: 62 %, or by output where there are several."""
    texts = {name: f"{100 * share:.0f} %" for name, share in shares.items()}
    if len(texts) == 1:
        return next(iter(texts.values()))
    return ", ".join(f"{name} {text}" for name, text in texts.items()) or UNDEFINED
