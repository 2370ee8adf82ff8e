"""The length of a training and its evaluations, derived from counts; a budget of minutes is settled once."""

import pytest
import torch
from hypothesis import given as each
from hypothesis import strategies as st

from jumok.dataset.prepare import prepare
from jumok.errors import RunError
from jumok.experiment import read_experiment
from jumok.kinds.backbones import BackboneOptions
from jumok.predictor import load
from jumok.runs.config import read_config
from jumok.training import budget, planning, train
from jumok.training.planning import LEARNING, SEARCHING, planned_evaluations, planned_steps, steps_within
from jumok.training.reporter import NullReporter
from run_contents import assert_same_end, last_checkpoint, log_of
from small_experiments import small_experiment
from small_images import image_experiment

SIZES = st.integers(1, 10**6)


@each(SIZES, SIZES)
def test_more_data_are_trained_longer_and_seen_less_often(some, others):
    few, many = sorted((some, others))
    assert planned_steps(few) <= planned_steps(many)
    assert planned_steps(many) / many <= 1.1 * planned_steps(few) / few  # rounded to two digits
    assert planned_steps(many, accumulate=4) <= planned_steps(many)


@each(st.integers(1, 10**5), SIZES, st.floats(0.1, 1000.0), st.booleans())
def test_evaluations_are_affordable_or_as_few_as_can_be(steps, valid, examples_a_step, searches):
    plan = planned_evaluations(steps, valid, examples_a_step, searches)
    assert 1 <= plan.every <= max(steps, 1) and 1 <= plan.examples <= min(valid, 1000)
    cost = plan.examples * (1 + SEARCHING if searches else 2)
    share = cost / (plan.every * examples_a_step * LEARNING)
    assert share <= 0.101 or (plan.examples <= 200 and steps // plan.every <= 7)


def test_what_is_asked_for_stays():
    plan = planned_evaluations(1000, 5000, 0.5, True, every=10, examples=3000)
    assert (plan.every, plan.examples) == (10, 3000)
    assert planned_evaluations(1000, 5000, 0.5, True, examples=3000).examples == 3000
    assert planned_evaluations(1000, 5000, 0.5, True, every=10).every == 10


def test_steps_of_a_budget():
    assert steps_within(600, 0.1) == 5400  # a tenth is kept for evaluations
    assert steps_within(1, 100.0) == 1


class Told(NullReporter):
    def __init__(self):
        self.sentences = []

    def message(self, message):
        self.sentences.append(message)


def test_without_steps_the_data_decide_and_the_run_remembers(tmp_path, monkeypatch):
    monkeypatch.setattr(planning, "STEPS_OF_ONE_BATCH", 20)
    experiment = small_experiment(tmp_path, "training.steps=null", "training.batch_tokens=100000")
    assert experiment.training.steps is None
    short = planned_steps(1)
    given = small_experiment(tmp_path, f"training.steps={short}", "training.batch_tokens=100000")
    train(experiment, tmp_path / "run")
    train(given, tmp_path / "same")
    assert read_experiment(tmp_path / "run" / "config.yaml").training.steps == short
    assert_same_end(tmp_path / "run", tmp_path / "same")
    assert train(experiment, tmp_path / "run").was_finished


def test_a_budget_is_settled_once_and_changes_nothing_but_the_steps(tmp_path, monkeypatch):
    measured = []
    monkeypatch.setattr(
        budget, "measured", lambda trainer, real=budget.measured: measured.append(real(trainer)) or [0.5]
    )
    minutes = ("training.steps=null", "training.minutes=0.2", "training.average=ema")  # 12 s at 0.5 s a step
    told = Told()
    train(small_experiment(tmp_path, *minutes), tmp_path / "run", told)
    steps = steps_within(12, 0.5)
    assert any(f"0.2 min are enough for {steps} steps" in sentence for sentence in told.sentences)
    assert len(measured) == 1 and len(measured[0]) >= budget.MIN_TIMED_STEPS
    assert read_experiment(tmp_path / "run" / "config.yaml").training.steps == steps
    train(small_experiment(tmp_path, *minutes), tmp_path / "run")
    train(small_experiment(tmp_path, *minutes, "training.minutes=3"), tmp_path / "run")
    assert len(measured) == 1  # settled
    train(small_experiment(tmp_path, f"training.steps={steps}", "training.average=ema"), tmp_path / "whole")
    assert log_of(tmp_path / "run") == log_of(tmp_path / "whole")
    one, two = last_checkpoint(tmp_path / "run"), last_checkpoint(tmp_path / "whole")
    for group, tensors in one.tensors.items():  # the steps that were measured left no trace
        assert all(torch.equal(tensor, two.tensors[group][name]) for name, tensor in tensors.items())


def test_steps_are_the_most_that_a_budget_may_take(tmp_path, monkeypatch):
    monkeypatch.setattr(budget, "measured", lambda trainer: [0.0001])
    train(small_experiment(tmp_path, "training.steps=4", "training.minutes=5"), tmp_path / "run")
    assert read_experiment(tmp_path / "run" / "config.yaml").training.steps == 4


@pytest.mark.parametrize("value", ["0", "-1", "soon"])
def test_odd_budgets_are_refused(tmp_path, value):
    with pytest.raises(Exception, match="training.minutes"):
        small_experiment(tmp_path, f"training.minutes={value}")


@pytest.mark.parametrize(
    ("output", "settings", "rate", "size"),
    [
        ("boxes", (), 3e-3, 8),
        ("query", (), 1e-3, 8),
        ("mask", (), 3e-3, 8),
        ("text", (), 1e-3, 16),  # read in an image
        ("boxes", ("inputs.photo.encoder.backbone=resnet18", "inputs.photo.encoder.weights=none"), 3e-3, 8),
    ],
)
def test_an_image_is_learned_with_the_rate_and_batch_of_what_is_made_of_it(
    tmp_path, output, settings, rate, size
):
    settings = ("training.learning_rate=null", "training.batch_size=null", "training.steps=1", *settings)
    run = train(image_experiment(tmp_path, output, *settings), tmp_path / "run", NullReporter()).run
    assert read_config(run / "config.yaml").training.learning_rate == rate
    fields = load(run).fields
    assert planning.most_examples(fields) == size


def test_pretrained_weights_take_smaller_steps():
    pretrained, fresh = BackboneOptions(), BackboneOptions(weights="none")
    assert pretrained.is_pretrained and not fresh.is_pretrained
    assert not BackboneOptions(backbone="convolutional").is_pretrained


@pytest.mark.parametrize(("width", "rate"), [(16, 3e-3), (128, 3e-3), (256, 1.5e-3), (512, 7.5e-4)])
def test_wider_models_of_texts_take_smaller_steps(tmp_path, width, rate):
    experiment = small_experiment(tmp_path)
    fields = prepare(experiment, lambda _: None).fields
    model = experiment.model.model_copy(update={"width": width})
    assert planning.planned_learning_rate(fields, model) == rate


def test_a_learning_rate_that_was_planned_stays_when_a_run_goes_on(tmp_path):
    planned = ("training.learning_rate=null", "training.steps=4")
    run = train(small_experiment(tmp_path, *planned), tmp_path / "run", NullReporter()).run
    train(small_experiment(tmp_path, "training.learning_rate=null", "training.steps=6"), run, NullReporter())
    assert read_config(run / "config.yaml").training.learning_rate == 3e-3
    with pytest.raises(RunError, match="learning_rate"):
        train(
            small_experiment(tmp_path, "training.learning_rate=0.5", "training.steps=8"), run, NullReporter()
        )
