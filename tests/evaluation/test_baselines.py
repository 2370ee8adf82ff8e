"""Baselines beside a model: fitted on train alone, scored alike, tested, and left out with a reason."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jumok.baselines.protocol import Baseline, BaselineInputs, TrainingAnswers, always
from jumok.dataset.prepare import prepare
from jumok.errors import DataError
from jumok.evaluation import baselines as of_evaluation
from jumok.evaluation.answers import SplitPredictions
from jumok.evaluation.baselines import measure_baselines, score_baselines
from jumok.evaluation.runs import evaluate
from jumok.evaluation.stored import read_stored
from jumok.metrics.report import compare_texts, evaluate_texts
from jumok.runs.config import experiment_of
from jumok.values import TextPrediction


@pytest.fixture(scope="module")
def answered(reversal) -> SplitPredictions:
    return evaluate(reversal / "run")


@pytest.fixture(scope="module")
def train(reversal, answered):
    experiment = experiment_of(reversal / "run")
    return prepare(experiment, lambda _: None, answered.split.fields, ("train",)).splits["train"]


def with_baselines(answered: SplitPredictions, baselines: Sequence[Baseline]) -> SplitPredictions:
    """The same answers to an output that offers these baselines."""
    fields = answered.split.fields
    outputs = {name: replace(field, baselines=baselines) for name, field in fields.outputs.items()}
    return replace(answered, split=replace(answered.split, fields=fields._replace(outputs=outputs)))


def test_a_run_keeps_what_baselines_score(reversal, answered):
    stored = read_stored(reversal / "run" / "evaluation.json")
    assert stored is not None
    assert stored["baselines"] == json.loads(
        json.dumps(measure_baselines(experiment_of(reversal / "run"), answered, lambda _: None))
    )
    assert list(stored["baselines"]) == [
        "most frequent answer",
        "copy of source",
        "answer to the most similar input",
    ]
    assert {one["verdict"] for one in stored["baselines"].values()} == {"better"}  # the model has learned


def test_a_copy_is_scored_by_the_metrics_of_the_model(answered, train):
    found = score_baselines(train, answered)["copy of source"]
    output = answered.outputs["target"]
    copies = [answered.split.text("source", example) for example in answered.examples]
    metrics = [metric for metric in output.metrics if metric.name in found["metrics"]]
    resamples = of_evaluation.RESAMPLES
    scores = evaluate_texts(copies, output.metric_references, metrics, resamples)
    pair = output.metric_predictions, copies
    differences = compare_texts(*pair, output.metric_references, metrics, resamples)
    assert found["metric"] in found["metrics"] and set(found["metrics"]) == set(output.headline)
    for name, interval in scores.items():
        assert found["metrics"][name] == {"value": interval.value, "low": interval.low, "high": interval.high}
        assert found["differences"][name]["difference"] == differences[name].difference
        assert found["differences"][name]["p"] >= differences[name].p  # Holm's correction


def test_a_baseline_that_is_the_model_is_not_worse(answered, train):
    output = answered.outputs["target"]
    same = Baseline("the model itself", lambda inputs, answers: lambda asked: output.predictions)
    (found,) = score_baselines(train, with_baselines(answered, [same])).values()
    assert found["verdict"] == "not shown to be better"
    assert all(one["difference"] == 0 and one["p"] == 1 for one in found["differences"].values())


def test_a_model_can_be_worse_than_a_baseline(answered, train):
    right = answered.outputs["target"].references
    perfect = Baseline(
        "right", lambda inputs, answers: lambda asked: [TextPrediction(r[0], 0.0) for r in right]
    )
    nothing = replace(
        answered,
        predictions=[
            replace(one, outputs={"target": TextPrediction("", 0.0)}) for one in answered.predictions
        ],
    )
    (found,) = score_baselines(train, with_baselines(nothing, [perfect])).values()
    assert found["verdict"] == "worse"


def test_a_baseline_is_fitted_on_train_and_asked_without_right_answers(answered, train):
    seen: list[Any] = []

    def fit(inputs: BaselineInputs, answers: TrainingAnswers):
        seen.append((inputs.cells("source"), list(answers.cells), list(inputs.values("source"))))

        def answer(asked: BaselineInputs) -> list[TextPrediction]:
            assert not hasattr(asked, "answers")
            seen.append(asked.cells("source"))
            return [TextPrediction("", 0.0)] * len(asked)

        return answer

    found = score_baselines(train, with_baselines(answered, [Baseline("a spy", fit, max_examples=7)]))
    (sources, targets, values), asked = seen
    assert values == sources and all(
        target == source[::-1] for source, target in zip(sources, targets, strict=True)
    )
    known = {train.text("source", example) for example in range(len(train))}
    assert set(sources) <= known and len(sources) == 7
    assert asked == [answered.split.text("source", example) for example in answered.examples]
    assert (found["a spy"]["fitted_on"], found["a spy"]["of"]) == (7, len(train))


def test_features_are_read_from_as_many_examples_as_there_is_time_for(answered, train, monkeypatch):
    monkeypatch.setattr("jumok.evaluation.baseline_inputs.FIRST_READ", 20)
    monkeypatch.setattr(of_evaluation, "READING_SHARE", 0.0)
    sizes = []

    def fit(inputs: BaselineInputs, answers: TrainingAnswers):
        sizes.append(inputs.features().shape)
        return always(TextPrediction("", 0.0))

    found = score_baselines(
        train, with_baselines(answered, [Baseline("by features", fit, uses_features=True)])
    )
    assert sizes == [(20, 1024)]
    assert found["by features"]["fitted_on"] == 20 < found["by features"]["of"]


def test_what_takes_too_long_is_left_out_and_said(answered, train):
    found = score_baselines(train, answered, seconds=0.0)
    assert {one["left_out"] for one in found.values()} == {
        "it would take more than the 0 s that all baselines may take"
    }


@pytest.mark.parametrize("error", [DataError("too few examples"), np.linalg.LinAlgError("singular")])
def test_what_cannot_be_fitted_is_left_out_and_said(answered, train, error):
    def fit(inputs: BaselineInputs, answers: TrainingAnswers):
        raise error

    found = score_baselines(train, with_baselines(answered, [Baseline("no luck", fit)]))
    assert found == {"no luck": {"output": "target", "left_out": str(error)}}


def test_inputs_without_summary_features_leave_out_what_needs_them(answered, train):
    def bare(split):
        inputs = {name: replace(field, summary_features=None) for name, field in split.fields.inputs.items()}
        return replace(split, fields=split.fields._replace(inputs=inputs))

    found = score_baselines(bare(train), replace(answered, split=bare(answered.split)))
    assert found["answer to the most similar input"]["left_out"] == "there are no summary features of source"
    assert "metrics" in found["most frequent answer"]


def test_answers_to_train_have_no_baselines(reversal, answered):
    assert (
        measure_baselines(experiment_of(reversal / "run"), evaluate(reversal / "run", "train"), print) == {}
    )


def test_where_train_is_gone_a_note_is_all(reversal, answered, tmp_path):
    experiment = experiment_of(reversal / "run")
    source = experiment.data.train.model_copy(update={"table": Path(tmp_path / "gone.tsv")})
    lost = experiment.model_copy(update={"data": experiment.data.model_copy(update={"train": source})})
    notes: list[str] = []
    assert measure_baselines(lost, answered, notes.append) == {}
    assert len(notes) == 1 and "no baselines" in notes[0] and "gone.tsv" in notes[0]
