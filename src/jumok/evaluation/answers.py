"""A model's answers to a split, their scores with intervals, and whether two models differ."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from jumok.dataset.prepare import Say, prepare
from jumok.dataset.split import Split
from jumok.errors import DataError, RunError, did_you_mean
from jumok.machine import time_now
from jumok.metrics.interval import Difference, Interval
from jumok.metrics.metric import Metric, count_references
from jumok.metrics.occurrence import Occurrence
from jumok.metrics.report import compare_texts, evaluate_texts, score_texts
from jumok.predictor.model_folder import load
from jumok.predictor.predictor import Predictor
from jumok.runs.config import experiment_of
from jumok.values import Prediction

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

RESAMPLES = 1000
Progress = Callable[[int, int], None]  # told of the answers that are there, and of all that will be
ALTERNATIVES = 4  # of an answer, kept for the record


@dataclass(frozen=True)
class SplitPredictions:
    """A split and what a model answered to its distinct inputs."""

    split: Split
    examples: list[int]  # of the split, one for each distinct input
    predictions: list[Prediction]
    reference_rows: list[dict[str, list[str]]]  # all right answers by output
    seconds: float  # the predictions took
    began: str = ""  # the moment when

    @cached_property
    def metric_predictions(self) -> list[Any]:
        """What was predicted, as metrics take it."""
        ((name, field),) = self.split.outputs.items()
        return [field.scoring.prediction(prediction[name]) for prediction in self.predictions]

    @cached_property
    def metric_references(self) -> list[Any]:
        """The right answers, as metrics take them."""
        ((name, field),) = self.split.outputs.items()
        return [field.scoring.reference(answers[name], self.split.root) for answers in self.reference_rows]

    @property
    def references(self) -> list[list[str]]:
        """The right answers, as rows have them."""
        (name,) = self.split.outputs
        return [right[name] for right in self.reference_rows]

    @property
    def source_lengths(self) -> np.ndarray:
        """Tokens of each example's source (n,), of all inputs together, end marks included."""
        lengths = sum(self.split.lengths(name) for name in self.split.inputs)
        return np.asarray(lengths, dtype=np.int64)[self.examples]

    @property
    def metrics(self) -> list[Metric]:
        """The metrics of the output."""
        (field,) = self.split.outputs.values()
        return list(field.scoring.metrics().values())

    @cached_property
    def headline(self) -> list[str]:
        """The metrics worth showing for such answers; what chose the model is always among them."""
        (field,) = self.split.outputs.values()
        names, chose = field.scoring.headline(self.metric_references), field.scoring.selection_metric().name
        return names if chose in names else [chose, *names]

    @cached_property
    def support(self) -> dict[str, int]:
        """How many true objects, or images, each score is about."""
        (field,) = self.split.outputs.values()
        return {} if field.classes is None else field.classes.support(self.metric_references)

    @cached_property
    def occurrence(self) -> Occurrence:
        """Classes that the truth lacks, or the predictions."""
        (field,) = self.split.outputs.values()
        if field.classes is None:
            return Occurrence()
        return field.classes.occurrence(self.metric_predictions, self.metric_references)

    def scores(self) -> dict[str, Interval]:
        """Every metric with its 95 % bootstrap interval."""
        return evaluate_texts(self.metric_predictions, self.metric_references, self.metrics, RESAMPLES)

    def values(self) -> dict[str, float]:
        """Every metric without its interval, which takes time."""
        return score_texts(self.metric_predictions, self.metric_references, self.metrics)

    def to_json(self, scores: Mapping[str, Interval]) -> dict[str, Any]:
        """What evaluation.json says."""
        most = count_references(self.references)
        signed = {m.name: m.signature(most) for m in self.metrics if m.signature is not None}
        classes = {name: list(names) for name, names in asdict(self.occurrence).items()}
        return {
            "split": self.split.name,
            "examples": len(self.predictions),
            "metrics": {name: asdict(interval) for name, interval in scores.items()},
            "signature": signed,
            **({"classes": classes} if any(classes.values()) else {}),
        }


class PredictorLike(Protocol):
    """What answers inputs, like a Predictor."""

    def predict(
        self, inputs: Sequence[Mapping[str, Any]], *, progress: Callable[[int], None] | None = None
    ) -> list[Prediction]:
        """One prediction for each input, in order."""
        ...


def predict_split(
    predictor: PredictorLike, split: Split, most: int | None = None, progress: Progress | None = None
) -> SplitPredictions:
    """Predictions for the distinct inputs of a split; for `most` of them, evenly spread, when it is given."""
    examples, answers = split.answers(most)
    asked = [{name: split.value(name, example) for name in split.inputs} for example in examples]
    began, started = time_now(), time.perf_counter()
    predictions = predictor.predict(
        asked, progress=None if progress is None else counting(progress, len(asked))
    )
    return SplitPredictions(split, examples, predictions, answers, time.perf_counter() - started, began)


def counting(progress: Progress, number: int) -> Callable[[int], None]:
    """Adds up the answers that a predictor tells of."""
    done = 0

    def add(more: int) -> None:
        nonlocal done
        done += more
        progress(done, number)

    return add


def with_n_best(predictor: Predictor) -> Predictor:
    """The same predictor, which also gives the other answers that its beam finds on the way to the best one."""
    decoding = predictor.decoding
    if decoding.method != "beam":
        return predictor
    best = max(decoding.best, min(decoding.beam, 1 + ALTERNATIVES))
    changed = decoding.model_copy(update={"best": best})
    return Predictor(predictor.model, predictor.fields, changed, predictor.notes)


def final_split(experiment: "Experiment") -> str:
    """The part that a run is scored on when it is done: test where there is one, else valid."""
    return "test" if "test" in experiment.data.splits() else "valid"


def open_split(experiment: "Experiment", predictor: Predictor, name: str, say: Say) -> Split:
    """A split of an experiment as a trained model reads it."""
    parts = experiment.data.splits()
    if name not in parts:
        raise DataError(f"this experiment has no {name!r} data{did_you_mean(name, parts)}")
    prepared = prepare(experiment, say, predictor.fields, (name,))
    return prepared.splits[name]


def evaluate(
    run: Path,
    split: str | None = None,
    decoding: dict[str, Any] | None = None,
    say: Say = lambda _: None,
    progress: Progress | None = None,
    device: str = "auto",
) -> SplitPredictions:
    """The answers of a run's best model on a split of its data."""
    predictor = with_n_best(load(run, device, decoding))
    for note in predictor.notes:
        say(note)
    experiment = experiment_of(run)
    opened = open_split(experiment, predictor, split or final_split(experiment), say)
    return predict_split(predictor, opened, progress=progress)


def compare(
    run: Path,
    other: Path,
    ours: SplitPredictions,
    decoding: dict[str, Any] | None = None,
    device: str = "auto",
) -> dict[str, Difference]:
    """Whether a run differs from another on the same examples: paired bootstrap of every metric (Koehn, 2004)."""
    theirs = load(other, device, decoding)
    if list(theirs.inputs) != list(ours.split.inputs) or list(theirs.outputs) != list(ours.split.outputs):
        names = f"{', '.join(theirs.inputs)} → {', '.join(theirs.outputs)}"
        raise RunError(
            f"{other} cannot be compared with {run}: it does {names}; both must have the same names"
        )
    asked = [{n: ours.split.value(n, example) for n in ours.split.inputs} for example in ours.examples]
    other_answers = replace(ours, predictions=theirs.predict(asked))
    return compare_texts(
        ours.metric_predictions,
        other_answers.metric_predictions,
        ours.metric_references,
        ours.metrics,
        RESAMPLES,
    )
