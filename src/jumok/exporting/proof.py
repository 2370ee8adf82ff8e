"""The proof of an export: what it and its original answer to the same examples, model_side by model_side."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jumok.dataset.split import Split
from jumok.evaluation.answers import RESAMPLES, OutputPredictions, SplitPredictions, predict_split
from jumok.exporting.differences import LargestDifference, largest_differences
from jumok.exporting.target import Quantization
from jumok.kinds.contract import OutputField
from jumok.metrics.interval import SIGNIFICANT, Difference, Interval
from jumok.metrics.report import compare_texts, score_texts
from jumok.metrics.resampled import resample_scores
from jumok.predictor.predictor import Predictor
from jumok.wording import with_article

ProofProgress = Callable[[int, int], None]
# Of one plus the number. Other kernels and another order of sums moved the numbers of our models by a millionth to a
# hundred-thousandth; a single wrong matrix moves them by a tenth and more.
ROUNDING_LIMIT = 1e-4
LOSS_LIMIT = (
    0.02  # of the score of the original, beyond which a loss that chance does not explain is too much
)
WARM = 8  # examples that are answered before time is taken


@dataclass(frozen=True)
class ModelSide:
    """What one of the two models did."""

    scores: dict[str, Interval]
    seconds: float
    examples_per_second: float


@dataclass(frozen=True)
class OutputProof:
    """One output of both models."""

    identical: float  # share of the answers that are the same
    largest: LargestDifference


@dataclass(frozen=True)
class ExportProof:
    """Both models on the same examples, and what is wrong, if anything is."""

    split: str
    examples: int
    quantize: Quantization
    original: ModelSide
    exported: ModelSide
    outputs: dict[str, OutputProof]
    differences: dict[
        str, Difference
    ]  # of the metrics that choose models: the exported one minus the original
    headline: tuple[str, ...]  # metrics worth showing
    faults: tuple[str, ...]  # sentences; none if all is well

    @property
    def holds(self) -> bool:
        """Whether rounding, or the precision that was asked for, explains all differences."""
        return not self.faults

    def to_json(self) -> dict[str, Any]:
        """The proof as JSON."""
        return {
            **asdict(self),
            "holds": self.holds,
            "limits": {"rounding": ROUNDING_LIMIT, "lost": LOSS_LIMIT},
        }


def compare_exported(
    original: Predictor,
    exported: Predictor,
    split: Split,
    quantize: Quantization,
    most: int | None = None,
    progress: ProofProgress | None = None,
) -> ExportProof:
    """Let both models answer, and compare.

    Args:
        original: The model in torch.
        exported: The same model in another runtime.
        split: The examples.
        quantize: What the matrices of the exported model are kept in.
        most: How many examples, evenly spread; None for all.
        progress: Is told how many answers are there, and how many there will be.

    Returns:
        The proof.
    """
    ours, theirs = (answer_warm(one, split, most, progress) for one in (original, exported))
    inputs = [{name: split.value(name, one) for name in split.inputs} for one in ours.examples]
    largest = largest_differences(original, exported, inputs, ours.predictions)
    outputs = {
        name: OutputProof(share_identical(ours, theirs, name), largest[name]) for name in split.outputs
    }
    differences: dict[str, Difference] = {}
    for name, one in theirs.outputs.items():
        differences |= one.named(selection_difference(one, ours.outputs[name]))
    return ExportProof(
        split.name,
        len(ours.examples),
        quantize,
        model_side(ours),
        model_side(theirs),
        outputs,
        differences,
        tuple(ours.headline),
        (*rounding_faults(outputs, quantize), *score_faults(ours, differences)),
    )


def answer_warm(
    predictor: Predictor, split: Split, most: int | None, progress: ProofProgress | None
) -> SplitPredictions:
    """The answers to a split, timed after a few were given."""
    examples, _ = split.answers(most)
    predictor.predict([{name: split.value(name, one) for name in split.inputs} for one in examples[:WARM]])
    return predict_split(predictor, split, most, progress)


def selection_difference(theirs: OutputPredictions, ours: OutputPredictions) -> dict[str, Difference]:
    """The metric that chooses models: theirs minus ours, by a paired bootstrap."""
    metric = ours.field.scoring.selection_metric()
    return compare_texts(
        theirs.metric_predictions, ours.metric_predictions, ours.metric_references, [metric], RESAMPLES
    )


def headline_scores(answered: SplitPredictions) -> dict[str, Interval]:
    """The metrics worth showing, of all outputs, with their 95 % bootstrap intervals."""
    found: dict[str, Interval] = {}
    for one in answered.outputs.values():
        shown = [metric for metric in one.metrics if metric.name in one.headline]
        resampled = resample_scores(one.metric_predictions, one.metric_references, shown, RESAMPLES)
        found |= one.named(resampled.intervals())
    return found


def model_side(answered: SplitPredictions) -> ModelSide:
    """What one model did."""
    return ModelSide(
        headline_scores(answered), answered.seconds, len(answered.examples) / max(answered.seconds, 1e-9)
    )


def share_identical(ours: SplitPredictions, theirs: SplitPredictions, name: str) -> float:
    """The share of answers of an output that are the same."""
    field = ours.split.outputs[name]
    pairs = zip(ours.predictions, theirs.predictions, strict=True)
    return float(np.mean([is_same(field, one[name], other[name]) for one, other in pairs]))


def is_same(field: OutputField, one: Any, other: Any) -> bool:
    """Whether two answers read the same; of masks, whether all pixels are."""
    if one.text != other.text:
        return False
    ours, theirs = field.scoring.prediction(one), field.scoring.prediction(other)
    if isinstance(ours, np.ndarray) and ours.dtype.kind in "iu":
        return bool(np.array_equal(ours, theirs))
    return True


def rounding_faults(outputs: dict[str, OutputProof], quantize: Quantization) -> list[str]:
    """What rounding does not explain, where the exported model computes in the precision of the original."""
    if quantize != "none":
        return []
    return [
        f"{name}: {with_article(one.largest.quantity)} differs by {one.largest.absolute:.2g} "
        f"({one.largest.relative:.2g} of its size, where rounding explains {ROUNDING_LIMIT:g})"
        for name, one in outputs.items()
        if not one.largest.relative <= ROUNDING_LIMIT
    ]


def score_faults(ours: SplitPredictions, differences: dict[str, Difference]) -> list[str]:
    """Losses of the metrics that choose models, which neither chance nor little change explains."""
    faults = []
    for one in ours.outputs.values():
        metric = one.field.scoring.selection_metric()
        name = one.prefix + metric.name
        change = differences[name]
        score = score_texts(one.metric_predictions, one.metric_references, [metric])[metric.name]
        loss = -change.difference if metric.higher_is_better else change.difference
        if change.p < SIGNIFICANT and loss > LOSS_LIMIT * abs(score):
            faults.append(f"{name} is worse by {loss:.3g} than {score:.4g}, the score of the original")
    return faults


def in_one_sentence(faults: Sequence[str]) -> str:
    """All faults as one sentence."""
    return "; ".join(faults)
