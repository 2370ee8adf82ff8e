"""A model's answers to a split, their scores with intervals, and whether two models differ."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from jumok.dataset.prepare import Say, prepare
from jumok.dataset.split import Split
from jumok.errors import DataError, did_you_mean
from jumok.kinds.contract import OutputField
from jumok.machine import time_now
from jumok.metrics.interval import Difference, Interval
from jumok.metrics.metric import Metric, count_references
from jumok.metrics.occurrence import Occurrence
from jumok.metrics.report import compare_texts, score_texts
from jumok.metrics.resampled import ResampledScores, resample_scores
from jumok.predictor.predictor import Predictor
from jumok.values import Prediction, Value

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

Told = TypeVar("Told")
RESAMPLES = 1000
AnswerProgress = Callable[[int, int], None]  # told of the answers that are there, and of all that will be


def score_prefix(name: str, outputs: Collection[str]) -> str:
    """What stands before the metrics of an output: its name and a point, where there are several outputs."""
    return f"{name}." if len(outputs) > 1 else ""


@dataclass(frozen=True)
class OutputPredictions:
    """One output of a split: what a model answered, and what is right."""

    split: Split
    name: str
    examples: list[int]  # of the split, one for each distinct input
    predictions: list[Value]
    references: list[list[str]]  # all right answers, as rows have them
    seconds: float  # the predictions of all outputs took

    @property
    def field(self) -> OutputField:
        """The output that was answered."""
        return self.split.outputs[self.name]

    @property
    def prefix(self) -> str:
        """What stands before its metrics among those of all outputs."""
        return score_prefix(self.name, self.split.outputs)

    @property
    def source_lengths(self) -> np.ndarray:
        """Tokens of each example's source (n,), of all inputs together, end marks included."""
        lengths = sum(self.split.lengths(name) for name in self.split.inputs)
        return np.asarray(lengths, dtype=np.int64)[self.examples]

    @cached_property
    def metric_predictions(self) -> list[Any]:
        """What was predicted, as metrics take it."""
        return [self.field.scoring.prediction(value) for value in self.predictions]

    @cached_property
    def metric_references(self) -> list[Any]:
        """The right answers, as metrics take them."""
        return [self.field.scoring.reference(answers, self.split.root) for answers in self.references]

    @property
    def metrics(self) -> list[Metric]:
        """The metrics of the output."""
        return list(self.field.scoring.metrics().values())

    @cached_property
    def headline(self) -> list[str]:
        """The metrics worth showing for such answers; what chooses a model by this output is always among them."""
        names, chose = (
            self.field.scoring.headline(self.metric_references),
            self.field.scoring.selection_metric().name,
        )
        return names if chose in names else [chose, *names]

    @cached_property
    def support(self) -> dict[str, int]:
        """How many true objects, or images, each score is about."""
        return {} if self.field.classes is None else self.field.classes.support(self.metric_references)

    @cached_property
    def occurrence(self) -> Occurrence:
        """Classes that the truth lacks, or the predictions."""
        if self.field.classes is None:
            return Occurrence()
        return self.field.classes.occurrence(self.metric_predictions, self.metric_references)

    @property
    def signatures(self) -> dict[str, str]:
        """How metrics were computed that have a signature."""
        most = count_references(self.references)
        return {m.name: m.signature(most) for m in self.metrics if m.signature is not None}

    def scores(self) -> dict[str, Interval]:
        """Every metric with its 95 % bootstrap interval."""
        return self.resampled.intervals()

    @cached_property
    def resampled(self) -> ResampledScores:
        """Every metric on the examples and on resamples of them; intervals and comparisons are made of these."""
        return resample_scores(self.metric_predictions, self.metric_references, self.metrics, RESAMPLES)

    def plain_scores(self) -> dict[str, float]:
        """Every metric without its interval, which takes time."""
        return score_texts(self.metric_predictions, self.metric_references, self.metrics)

    def differences(self, other: "OutputPredictions") -> dict[str, Difference]:
        """Whether these answers are better than others to the same inputs: paired bootstrap of every metric."""
        return compare_texts(
            self.metric_predictions,
            other.metric_predictions,
            self.metric_references,
            self.metrics,
            RESAMPLES,
        )

    def named(self, scores: Mapping[str, Told]) -> dict[str, Told]:
        """What is told of its metrics, as it is called among all outputs."""
        return {self.prefix + name: value for name, value in scores.items()}


@dataclass(frozen=True)
class SplitPredictions:
    """A split and what a model answered to its distinct inputs; metrics are OUTPUT.METRIC of several outputs."""

    split: Split
    examples: list[int]  # of the split, one for each distinct input
    predictions: list[Prediction]
    reference_rows: list[dict[str, list[str]]]  # all right answers by output
    seconds: float  # the predictions took
    began: str = ""  # the moment when

    @cached_property
    def outputs(self) -> dict[str, OutputPredictions]:
        """The answers of each output, by name."""
        return {
            name: OutputPredictions(
                self.split,
                name,
                self.examples,
                [prediction[name] for prediction in self.predictions],
                [right[name] for right in self.reference_rows],
                self.seconds,
            )
            for name in self.split.outputs
        }

    @cached_property
    def headline(self) -> list[str]:
        """The metrics worth showing, of all outputs."""
        return [one.prefix + name for one in self.outputs.values() for name in one.headline]

    @property
    def remarks(self) -> list[str]:
        """On classes that scores do not speak of."""
        return [
            (f"{one.name}: " if one.prefix else "") + sentence
            for one in self.outputs.values()
            for sentence in one.occurrence.sentences(self.split.name)
        ]

    @property
    def higher_is_better(self) -> dict[str, bool]:
        """Which metrics, of all outputs, are better when they are higher."""
        found: dict[str, bool] = {}
        for one in self.outputs.values():
            found |= one.named({metric.name: metric.higher_is_better for metric in one.metrics})
        return found

    def scores(self) -> dict[str, Interval]:
        """Every metric of all outputs with its 95 % bootstrap interval."""
        found: dict[str, Interval] = {}
        for one in self.outputs.values():
            found |= one.named(one.scores())
        return found

    def values(self) -> dict[str, float]:
        """Every metric of all outputs without its interval, which takes time."""
        found: dict[str, float] = {}
        for one in self.outputs.values():
            found |= one.named(one.plain_scores())
        return found

    def to_json(self, scores: Mapping[str, Interval]) -> dict[str, Any]:
        """What evaluation.json says."""
        signed: dict[str, str] = {}
        classes: dict[str, list[str]] = {}
        for one in self.outputs.values():
            signed |= one.named(one.signatures)
            found = {kind: list(names) for kind, names in asdict(one.occurrence).items()}
            classes |= one.named(found) if any(found.values()) else {}
        return {
            "split": self.split.name,
            "examples": len(self.predictions),
            "metrics": {name: asdict(interval) for name, interval in scores.items()},
            "signature": signed,
            **({"classes": classes} if classes else {}),
        }


class PredictorLike(Protocol):
    """What answers inputs, like a Predictor."""

    def predict(
        self, inputs: Sequence[Mapping[str, Any]], *, progress: Callable[[int], None] | None = None
    ) -> list[Prediction]:
        """One prediction for each input, in order."""
        ...


def predict_split(
    predictor: PredictorLike, split: Split, most: int | None = None, progress: AnswerProgress | None = None
) -> SplitPredictions:
    """Predictions for the distinct inputs of a split; for `most` of them, evenly spread, when it is given.

    Args:
        predictor: The model.
        split: The split.
        most: How many inputs are answered; None for all.
        progress: Called with the number of answers that are there, and that of all.

    Returns:
        The answers.
    """
    examples, answers = split.answers(most)
    asked = [{name: split.value(name, example) for name in split.inputs} for example in examples]
    began, started = time_now(), time.perf_counter()
    predictions = predictor.predict(
        asked, progress=None if progress is None else counting(progress, len(asked))
    )
    return SplitPredictions(split, examples, predictions, answers, time.perf_counter() - started, began)


def predict_examples(predictor: PredictorLike, split: Split, examples: Sequence[int]) -> list[Prediction]:
    """Predictions for some examples of a split.

    Args:
        predictor: The model.
        split: The split.
        examples: Indices of the examples.

    Returns:
        A prediction for each example.
    """
    return predictor.predict([{name: split.value(name, one) for name in split.inputs} for one in examples])


def counting(progress: AnswerProgress, number: int) -> Callable[[int], None]:
    """Adds up the answers that a predictor tells of."""
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        progress(done, number)

    return add


def final_split(experiment: "Experiment") -> str:
    """The part that a run is scored on when it is done: test where there is one, else valid."""
    return "test" if "test" in experiment.data.splits() else "valid"


def open_split(experiment: "Experiment", predictor: Predictor, name: str, say: Say) -> Split:
    """A split of an experiment as a trained model reads it.

    Args:
        experiment: Where the data are described.
        predictor: The model.
        name: train, valid or test.
        say: Called with messages.

    Returns:
        The split.

    Raises:
        DataError: The experiment has no such split, or its data cannot be read.
    """
    parts = experiment.data.splits()
    if name not in parts:
        raise DataError(f"this experiment has no {name!r} data{did_you_mean(name, parts)}")
    prepared = prepare(experiment, say, predictor.fields, (name,))
    return prepared.splits[name]
