"""What simple answers score: baselines fitted on train, on the same examples and by the same metrics as a model."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from jumok.baselines.protocol import Baseline, OutOfTime, TrainingAnswers
from jumok.dataset.prepare import Say, prepare
from jumok.dataset.split import Split
from jumok.errors import DataError, JumokError
from jumok.evaluation.answers import RESAMPLES, OutputPredictions, SplitPredictions
from jumok.evaluation.apart import holm
from jumok.evaluation.baseline_inputs import SplitFeatures, SplitInputs, TimeLimit
from jumok.metrics.interval import Difference
from jumok.metrics.metric import Metric
from jumok.metrics.resampled import ResampledScores, resample_scores
from jumok.values import Value

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

SECONDS = 30.0  # that all baselines may take to be fitted and to answer
READING_SHARE = 1 / 3  # of these seconds, for features of train
DRAW = 1  # seed of the examples that a baseline is fitted on

ModelVerdict = Literal["better", "not shown to be better", "worse"]  # the model, than a baseline


class BaselineAnswers(NamedTuple):
    """What a baseline answers to the examples of a split."""

    predictions: Sequence[Value]
    fitted_on: int  # examples of train
    remark: str  # on what it does not use; empty where there is nothing to say


@dataclass(frozen=True)
class BaselineRunner:
    """Fits baselines on train, and lets them answer the examples that a model has answered."""

    train: Split
    answered: OutputPredictions
    train_features: SplitFeatures
    test_features: SplitFeatures
    limit: TimeLimit

    def answer(self, baseline: Baseline) -> BaselineAnswers:
        """Fit a baseline and ask it; raises DataError or OutOfTime where it cannot be."""
        self.limit.check()
        remark = self.require_features() if baseline.uses_features else ""
        chosen = self.training_examples(baseline)
        cells = [self.train.text(self.answered.name, example) for example in chosen]
        fitted = baseline.fit(
            SplitInputs(self.train, chosen, self.train_features, self.limit),
            TrainingAnswers(cells, self.train.root),
        )
        asked = SplitInputs(self.answered.split, self.answered.examples, self.test_features, self.limit)
        predictions = fitted(asked)
        self.limit.check()
        return BaselineAnswers(predictions, len(chosen), remark)

    def training_examples(self, baseline: Baseline) -> list[int]:
        """The examples of train that a baseline is fitted on, drawn at random where there are too many."""
        drawn = np.random.default_rng(DRAW).permutation(len(self.train))[: baseline.max_examples]
        if not baseline.uses_features:
            return sorted(drawn.tolist())
        chosen = drawn.tolist()
        return chosen[: self.train_features.count_within(chosen, READING_SHARE * self.limit.seconds)]

    def require_features(self) -> str:
        """What of the inputs has no summary features, in a sentence; raises DataError where none has."""
        without = [name for name, field in self.train.inputs.items() if field.summary_features is None]
        if len(without) == len(self.train.inputs):
            raise DataError(f"there are no summary features of {', '.join(without)}")
        return f"without {', '.join(without)}, of which there are no summary features" if without else ""


def measure_baselines(
    experiment: "Experiment", answered: SplitPredictions, say: Say, seconds: float = SECONDS
) -> dict[str, dict[str, Any]]:
    """Fit and score the baselines of all outputs.

    Args:
        experiment: Where the train split is described.
        answered: What the model answers; baselines answer the same examples.
        say: Called with a message where they cannot be had, and with the time that they took.
        seconds: All baselines may take to be fitted and to answer.

    Returns:
        The part `baselines` of evaluation.json; empty for answers to the train split, which baselines have seen.
    """
    fields = answered.split.fields
    if answered.split.name == "train" or not any(field.baselines for field in fields.outputs.values()):
        return {}
    began = time.perf_counter()
    try:
        train = prepare(experiment, lambda _: None, fields, ("train",)).splits["train"]
    except JumokError as error:
        say(f"note: no baselines, for they are fitted on train: {error}")
        return {}
    found = score_baselines(train, answered, seconds)
    say(f"baselines: {len(found)} in {time.perf_counter() - began:.1f} s")
    return found


def score_baselines(
    train: Split, answered: SplitPredictions, seconds: float = SECONDS
) -> dict[str, dict[str, Any]]:
    """The part `baselines` of evaluation.json: for each baseline its scores, or why it was left out."""
    limit, sizes = TimeLimit(seconds), dict[str, int]()
    features = SplitFeatures(train, limit, sizes), SplitFeatures(answered.split, limit, sizes)
    found: dict[str, dict[str, Any]] = {}
    for one in answered.outputs.values():
        found |= score_output(one, BaselineRunner(train, one, *features, limit))
    return found


def score_output(answered: OutputPredictions, runner: BaselineRunner) -> dict[str, dict[str, Any]]:
    """The baselines of one output, by their names among those of all outputs."""
    answers: dict[str, BaselineAnswers] = {}
    left_out: dict[str, dict[str, Any]] = {}
    for baseline in answered.field.baselines:
        name = answered.prefix + baseline.name
        try:
            answers[name] = runner.answer(baseline)
        except OutOfTime:
            why = f"it would take more than the {runner.limit.seconds:.0f} s that all baselines may take"
            left_out[name] = {"output": answered.name, "left_out": why}
        except (DataError, np.linalg.LinAlgError) as error:
            left_out[name] = {"output": answered.name, "left_out": str(error)}
    return {**compared(answered, answers, len(runner.train)), **left_out}


def compared(
    answered: OutputPredictions, answers: Mapping[str, BaselineAnswers], examples: int
) -> dict[str, dict[str, Any]]:
    """The scores of baselines, and the differences of the model to each.

    Args:
        answered: What the model answers.
        answers: What each baseline answers, by name.
        examples: All examples of train.

    Returns:
        For each baseline what evaluation.json holds of it.
    """
    if not answers:
        return {}
    metrics, selection = shown_metrics_of(answered), answered.field.scoring.selection_metric()
    model = answered.resampled.of(metrics)
    scores = {name: resample_baseline(answered, each.predictions, metrics) for name, each in answers.items()}
    differences = corrected({name: model.minus(each) for name, each in scores.items()})
    return {
        name: {
            "output": answered.name,
            "metric": answered.prefix + selection.name,
            "verdict": verdict_on(differences[name].get(selection.name), selection),
            "metrics": answered.named({key: asdict(one) for key, one in scores[name].intervals().items()}),
            "differences": answered.named(
                {key: difference_json(one) for key, one in differences[name].items()}
            ),
            "fitted_on": each.fitted_on,
            "of": examples,
            **({"remark": each.remark} if each.remark else {}),
        }
        for name, each in answers.items()
    }


def shown_metrics_of(answered: OutputPredictions) -> list[Metric]:
    """The metrics worth showing, without those of single classes."""
    names = {name for name in answered.headline if "/" not in name}
    names.add(answered.field.scoring.selection_metric().name)
    return [metric for metric in answered.metrics if metric.name in names]


def resample_baseline(
    answered: OutputPredictions, predictions: Sequence[Value], metrics: Sequence[Metric]
) -> ResampledScores:
    """The scores of a baseline, on the same resamples as those of the model.

    Args:
        answered: What the model answers, with the right answers.
        predictions: What the baseline answers to the same examples.
        metrics: The metrics.

    Returns:
        Its scores.
    """
    found = [answered.field.scoring.prediction(one) for one in predictions]
    return resample_scores(found, answered.metric_references, metrics, RESAMPLES)


def corrected(differences: Mapping[str, dict[str, Difference]]) -> dict[str, dict[str, Difference]]:
    """Differences whose p is corrected for the number of baselines (Holm, 1979), for each metric."""
    found: dict[str, dict[str, Difference]] = {name: {} for name in differences}
    for metric in dict.fromkeys(key for each in differences.values() for key in each):
        having = [name for name, each in differences.items() if metric in each]
        ps = holm([differences[name][metric].p for name in having])
        for name, p in zip(having, ps, strict=True):
            one = differences[name][metric]
            found[name][metric] = Difference(one.difference, one.low, one.high, p, one.wins)
    return found


def difference_json(one: Difference) -> dict[str, float]:
    """A difference as evaluation.json holds it: the model minus the baseline."""
    return {"difference": one.difference, "low": one.low, "high": one.high, "p": one.p}


def verdict_on(difference: Difference | None, metric: Metric) -> ModelVerdict:
    """Whether the model is better than a baseline, beyond chance."""
    told = "" if difference is None else difference.verdict(metric.higher_is_better)
    return told or "not shown to be better"
