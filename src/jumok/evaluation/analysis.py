"""Where a model does well and where it does not: its score by length of the source, its best and its worst answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from jumok.evaluation.answers import OutputPredictions
from jumok.kinds.error_tables import ErrorTable
from jumok.metrics.metric import Metric
from jumok.metrics.report import evaluate_texts

BINS = 8  # of lengths, where there are more different ones
MIN_PER_BIN = 20  # examples in a bin
BIN_RESAMPLES = 200
LOOKED_AT = 20_000  # examples, at most, among which the best and worst are looked for
EXAMPLES_EACH = 8  # of the best, of the worst and of a sample
SEED = 1  # of the sample


@dataclass(frozen=True)
class LengthBin:
    """The score of the examples whose sources have from `shortest` to `longest` tokens."""

    shortest: int
    longest: int
    mean: float  # length
    examples: int
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ExampleRow:
    """An example with what is right and what was predicted."""

    example: int  # its number among the answers
    inputs: dict[str, str]
    right: list[str]  # in words
    predicted: str
    alternatives: list[str]
    score: float
    certainty: str = ""  # how sure the model is, in words
    thumbnails: dict[str, str] = field(
        default_factory=dict
    )  # data URLs by input, of those that are no images


@dataclass(frozen=True)
class Analysis:
    """What a report shows beside the scores."""

    metric: str  # of the bins, and what chose the model
    headline: list[str]  # the metrics worth showing
    bins: list[LengthBin]
    example_metric: str  # of single examples
    best: list[ExampleRow]
    worst: list[ExampleRow]
    typical: list[ExampleRow]  # drawn at random
    looked_at: int  # examples among which the best and the worst are
    examples_per_second: float  # predicted, with the model's own search
    counted: str  # what losses are told for, like "token"
    details: list[ErrorTable]
    support: dict[str, int]  # of what is `supported`, how much each score is about
    supported: str  # like "objects"
    remarks: list[str]  # on classes that scores do not speak of

    @property
    def examples(self) -> list[int]:
        """The numbers of all examples that a report shows."""
        return [one.example for one in (*self.best, *self.worst, *self.typical)]


def analyse(answered: OutputPredictions) -> Analysis:
    """Look at the answers of an output closely."""
    field = answered.field
    metric, selection = field.scoring.per_example_metric(), field.scoring.selection_metric()
    best, worst = best_and_worst(answered, metric)
    typical = sample(len(answered.predictions), EXAMPLES_EACH)
    return Analysis(
        selection.name,
        answered.headline,
        by_length(answered, selection),
        metric.name,
        [example_row(answered, i, metric) for i in best],
        [example_row(answered, i, metric) for i in worst],
        [example_row(answered, i, metric) for i in typical],
        min(len(answered.predictions), LOOKED_AT),
        len(answered.predictions) / max(answered.seconds, 1e-9),
        field.loss_unit,
        error_tables(answered),
        answered.support,
        "examples" if field.classes is None else field.classes.unit,
        answered.occurrence.sentences(answered.split.name),
    )


def error_tables(answered: OutputPredictions) -> list[ErrorTable]:
    """What became of each class; none where answers have no classes."""
    if answered.field.classes is None:
        return []
    return answered.field.classes.error_tables(answered.metric_predictions, answered.metric_references)


def by_length(answered: OutputPredictions, metric: Metric) -> list[LengthBin]:
    """The score in bins of about as many examples each, by tokens of the source (of all sources together).

    None where sources are not made of tokens.
    """
    lengths = answered.source_lengths
    if not lengths.any():
        return []
    found = []
    for shortest, longest in edges(lengths):
        rows = np.flatnonzero((lengths >= shortest) & (lengths <= longest)).tolist()
        predicted, right = (
            [answered.metric_predictions[i] for i in rows],
            [answered.metric_references[i] for i in rows],
        )
        score = evaluate_texts(predicted, right, [metric], BIN_RESAMPLES)[metric.name]
        mean = float(lengths[rows].mean())
        found.append(LengthBin(shortest, longest, mean, len(rows), score.value, score.low, score.high))
    return found


def edges(lengths: np.ndarray) -> list[tuple[int, int]]:
    """The shortest and longest length of each bin; a bin holds `FEWEST` examples at least, where there are so many."""
    different, counts = np.unique(lengths, return_counts=True)
    least = max(MIN_PER_BIN, -(-len(lengths) // BINS))
    bins: list[tuple[int, int]] = []
    first, held = 0, 0
    for i, count in enumerate(counts):
        held += count
        if held >= least:
            bins.append((int(different[first]), int(different[i])))
            first, held = i + 1, 0
    if first < len(different):
        shortest = bins.pop()[0] if bins and held < MIN_PER_BIN else int(different[first])
        bins.append((shortest, int(different[-1])))
    return bins


def best_and_worst(answered: OutputPredictions, metric: Metric) -> tuple[list[int], list[int]]:
    """The examples with the best and the worst answers; of equals, the ones with the longer sources.

    None is both: the best are better than the worst of all, the worst are worse than the best of all. Best ones have
    something right. Examples that the metric says nothing of are neither.
    """
    looked_at = spread(len(answered.predictions), LOOKED_AT)
    sign = -1 if metric.higher_is_better else 1
    scores = {i: sign * value_of(answered, i, metric) for i in looked_at}
    badness = {i: score for i, score in scores.items() if not np.isnan(score)}
    lengths = answered.source_lengths
    longest = {i: -int(lengths[i]) for i in badness}
    best = sorted(badness, key=lambda i: (badness[i], longest[i]))
    worst = sorted(badness, key=lambda i: (-badness[i], longest[i]))
    most = min(EXAMPLES_EACH, -(-len(badness) // 2))
    nothing_right = 0.0 if metric.higher_is_better else 1.0
    return (
        [i for i in best[:most] if badness[i] < min(badness[worst[0]], nothing_right)],
        [i for i in worst[: min(EXAMPLES_EACH, len(badness) - most)] if badness[i] > badness[best[0]]],
    )


def sample(count: int, most: int) -> list[int]:
    """At most so many numbers below `count`, drawn at random, the same each time."""
    drawn = np.random.default_rng(SEED).choice(count, min(most, count), replace=False)
    return sorted(drawn.tolist())


def spread(count: int, most: int) -> Sequence[int]:
    """At most so many numbers below `count`, evenly spread."""
    return sorted({int(i) for i in np.linspace(0, count - 1, min(most, count)).round()}) if count else []


def value_of(answered: OutputPredictions, example: int, metric: Metric) -> float:
    """The score of one example alone.

    Args:
        answered: The answers.
        example: The index of the example.
        metric: The metric.

    Returns:
        The score, in the metric's units; NaN if it is undefined.
    """
    return metric.prepare([answered.metric_predictions[example]], [answered.metric_references[example]])(
        np.ones(1)
    )


def example_row(answered: OutputPredictions, i: int, metric: Metric) -> ExampleRow:
    """Inputs, references, prediction and score of one example.

    Args:
        answered: The predictions of one output.
        i: The index of the prediction.
        metric: What the example is scored by.

    Returns:
        The row of a report.
    """
    prediction = answered.predictions[i]
    right = answered.field.codec.from_cells(answered.references[i], answered.split.root)
    certainty = answered.field.certainty
    return ExampleRow(
        i,
        {name: answered.split.text(name, answered.examples[i]) for name in answered.split.inputs},
        [value.text for value in right],
        prediction.text,
        [other.text for other in getattr(prediction, "alternatives", ())],
        value_of(answered, i, metric),
        "" if certainty is None else certainty(prediction),
        thumbnails(answered, i),
    )


def thumbnails(answered: OutputPredictions, i: int) -> dict[str, str]:
    """Small images of the inputs of an example by name, as data URLs; inputs that are images are drawn larger."""
    split, example = answered.split, answered.examples[i]
    fields = {name: one for name, one in split.inputs.items() if one.thumbnail and not one.canvas}
    values = {name: split.value(name, example) for name in fields}
    return {
        name: one.thumbnail(one.codec.parse(values[name]))
        for name, one in fields.items()
        if one.thumbnail and values[name] is not None
    }
