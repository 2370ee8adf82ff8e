"""Several models on the same examples: which is best beyond chance, and where their answers differ most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from jumok.evaluation.analysis import LOOKED_AT, example_row, spread, value_of
from jumok.evaluation.answers import RESAMPLES, OutputPredictions, SplitPredictions
from jumok.evaluation.examples import sheet_of
from jumok.metrics.interval import SIGNIFICANT, Difference
from jumok.metrics.metric import Metric
from jumok.metrics.report import compare_texts

MAX_SIDES = 6  # examples


@dataclass(frozen=True)
class Contest:
    """The model with the best value of a metric against another one: paired bootstrap on the same examples."""

    metric: str
    best: str
    other: str
    difference: float  # best minus other
    low: float
    high: float
    p: float  # corrected for the number of others (Holm, 1979)

    @property
    def is_sure(self) -> bool:
        """Whether the difference is significant."""
        return self.p < SIGNIFICANT


@dataclass(frozen=True)
class Answer:
    """What one of the models says to an example."""

    predicted: str
    score: float
    is_right: bool


@dataclass(frozen=True)
class Side:
    """An example, with the answer of each model by its name."""

    example: int
    inputs: dict[str, str]
    right: list[str]
    metric: str  # of the scores
    answers: dict[str, Answer]


def are_alike(answered: Sequence[SplitPredictions]) -> bool:
    """Whether all were asked the same, with the same right answers, so that they can be set side by side."""
    return all(asked(one) == asked(answered[0]) for one in answered)


def asked(answered: SplitPredictions) -> list[tuple[list[str], dict[str, list[str]]]]:
    """Inputs and right answers by output, as rows have them."""
    split = answered.split
    inputs = ([split.text(name, example) for name in split.inputs] for example in answered.examples)
    return list(zip(inputs, answered.reference_rows, strict=True))


def contests(answered: Mapping[str, SplitPredictions], metrics: Sequence[str]) -> list[Contest]:
    """For each metric, the best model against every other one; the models are given by their names."""
    found: dict[str, list[Contest]] = {}
    for output in next(iter(answered.values())).outputs:
        found |= output_contests({name: one.outputs[output] for name, one in answered.items()}, metrics)
    return [one for name in metrics if name in found for one in found[name]]


def output_contests(
    answered: Mapping[str, OutputPredictions], metrics: Sequence[str]
) -> dict[str, list[Contest]]:
    """The contests of one output, by the name of the metric among those of all outputs."""
    first = next(iter(answered.values()))
    known = [metric for metric in first.metrics if first.prefix + metric.name in metrics]
    leaders = {metric.name: leader(answered, metric) for metric in known}
    found: dict[str, list[tuple[str, Difference]]] = {name: [] for name in leaders}
    for best in dict.fromkeys(leaders.values()):
        led = [metric for metric in known if leaders[metric.name] == best]
        for other in (name for name in answered if name != best):
            pair = answered[best].metric_predictions, answered[other].metric_predictions
            for name, one in compare_texts(*pair, first.metric_references, led, RESAMPLES).items():
                found[name].append((other, one))
    return {
        first.prefix + name: of_metric(first.prefix + name, leaders[name], others)
        for name, others in found.items()
    }


def leader(answered: Mapping[str, OutputPredictions], metric: Metric) -> str:
    """The model with the best value; of equals, the first. One that is undefined is never best."""
    sign = 1 if metric.higher_is_better else -1
    values = {
        name: sign * one.plain_scores().get(metric.name, float("nan")) for name, one in answered.items()
    }
    return max(values, key=lambda name: -np.inf if np.isnan(values[name]) else values[name])


def of_metric(metric: str, best: str, others: Sequence[tuple[str, Difference]]) -> list[Contest]:
    """Compare the best model with each of the others, with p corrected for their number (Holm, 1979).

    Args:
        metric: The metric's name.
        best: The best model's name.
        others: The other models with their differences to the best.

    Returns:
        One contest for each of the others.
    """
    corrected = holm([one.p for _, one in others])
    return [
        Contest(metric, best, other, one.difference, one.low, one.high, p)
        for (other, one), p in zip(others, corrected, strict=True)
    ]


def holm(ps: Sequence[float]) -> list[float]:
    """Holm's correction: each p times the number of those that are not smaller, and never below a smaller one."""
    order = np.argsort(ps, kind="stable")
    factors = len(ps) - np.arange(len(ps))
    found = np.empty(len(ps))
    found[order] = np.minimum(1.0, np.maximum.accumulate(np.asarray(ps)[order] * factors))
    return [float(p) for p in found]


def farthest_apart(
    models: Mapping[str, SplitPredictions], output: str | None = None, most: int = MAX_SIDES
) -> list[Side]:
    """The examples where scores differ most; of equals, those with the longest sources.

    Args:
        models: What each model answers, by its name.
        output: The output whose scores are compared; the first one, if not given.
        most: How many examples.
    """
    answered = {name: one.outputs[output or next(iter(one.outputs))] for name, one in models.items()}
    first = next(iter(answered.values()))
    metric = first.field.scoring.per_example_metric()
    looked_at = spread(len(first.predictions), LOOKED_AT // len(answered))
    gaps = {
        i: gap([bounded(value_of(one, i, metric), metric) for one in answered.values()]) for i in looked_at
    }
    apart = sorted((i for i in gaps if gaps[i] > 0), key=lambda i: (-gaps[i], -first.source_lengths[i]))
    return [side(answered, i, metric) for i in sorted(apart[:most])]


def bounded(value: float, metric: Metric) -> float:
    """A score of an example; of errors, all wrong is the worst, however long an answer goes on."""
    return value if metric.higher_is_better else min(value, 1.0)


def gap(values: Sequence[float]) -> float:
    """How far scores of one example lie apart; 0 where one is undefined."""
    return 0.0 if np.isnan(values).any() else max(values) - min(values)


def side(answered: Mapping[str, OutputPredictions], i: int, metric: Metric) -> Side:
    """One example with the prediction of each model.

    Args:
        answered: The predictions of each model on the same examples.
        i: The index of the example.
        metric: What each prediction is scored by.

    Returns:
        Inputs, references and predictions with scores.
    """
    each = {name: example_row(one, i, metric) for name, one in answered.items()}
    first = next(iter(each.values()))
    answers = {
        name: Answer(one.predicted, one.score, one.predicted in one.right) for name, one in each.items()
    }
    return Side(i, first.inputs, first.right, metric.name, answers)


def draw_sides(answered: Mapping[str, SplitPredictions], sides: Sequence[Side]) -> dict[int, bytes]:
    """A JPEG of each example that can be drawn: what is right beside what each model says."""
    drawn = {one.example: sheet_of(answered, one.example) for one in sides}
    return {i: image for i, image in drawn.items() if image is not None}
