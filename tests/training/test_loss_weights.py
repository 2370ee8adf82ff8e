"""Weights of losses learned by uncertainty: the equation, exact resume, and what is kept where."""

from collections.abc import Callable

import pytest
import safetensors.torch
import torch
from torch.testing import assert_close

from jumok.dataset import prepare
from jumok.errors import ConfigurationError
from jumok.training import NullReporter, train
from jumok.training.loop import Trainer
from jumok.training.weighting import UncertaintyWeights
from run_contents import assert_same_end, last_checkpoint, log_of
from several_outputs import two_texts
from small_experiments import small_experiment

LEARNED = ("training.loss_weights=uncertainty", "outputs.twice.weight=1.0", "training.steps=6")
EVERY = "training.evaluate_every=3"


class Stopped(Exception):
    """Stands for the end of a process."""


def stopping_after(steps: int) -> Callable[[Trainer], None]:
    step = Trainer.train_step

    def take(trainer: Trainer) -> None:
        if trainer.step == steps:
            raise Stopped
        step(trainer)

    return take


@pytest.fixture
def weights(tmp_path) -> UncertaintyWeights:
    return UncertaintyWeights(prepare(two_texts(tmp_path), str).splits["train"].outputs, (0.9, 0.98))


def test_each_loss_ends_with_the_weight_that_makes_the_joint_loss_least(weights):
    """The sum of loss / variance + log(variance) / 2 is least where variance = 2 · loss."""
    means = {"target": 4.0, "twice": 0.25}
    assert weights.values() == {"target": 1.0, "twice": 1.0}
    for step in range(3000):
        weights.step(means, 0.01 * (1 - step / 3000))
    found = weights.values()
    for name, mean in means.items():
        assert found[name] == pytest.approx(1 / (2 * mean), rel=0.02)


def test_the_first_step_is_adams_on_the_equation(weights):
    losses = torch.tensor([4.0, 0.25])
    expected = torch.zeros(2, requires_grad=True)
    adam = torch.optim.AdamW([expected], lr=0.1, betas=(0.9, 0.98), eps=1e-9, weight_decay=0.0)
    for _ in range(3):
        adam.zero_grad()
        bounded = 5 * torch.tanh(expected / 5)
        (losses / bounded.exp() + bounded / 2).sum().backward()
        adam.step()
        weights.step(dict(zip(("target", "twice"), losses.tolist(), strict=True)), 0.1)
    assert_close(weights.raw.detach(), expected.detach())


def test_a_loss_below_zero_does_not_take_all(weights):
    for _ in range(500):
        weights.step({"target": -3.0, "twice": 1.0}, 0.1)
    assert 1 < weights.values()["target"] < 150


def test_a_training_learns_weights_resumes_exactly_and_leaves_them_out_of_the_model(tmp_path, monkeypatch):
    experiment = two_texts(tmp_path, *LEARNED, EVERY)
    train(experiment, tmp_path / "whole", NullReporter())
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_step", stopping_after(4))
        with pytest.raises(Stopped):
            train(experiment, tmp_path / "parts", NullReporter())
    train(experiment, tmp_path / "parts", NullReporter())
    assert_same_end(tmp_path / "parts", tmp_path / "whole")
    first, last = (line for line in log_of(tmp_path / "whole") if line["split"] == "train")
    for name in ("target", "twice"):
        assert last[f"{name}.weight"] < first[f"{name}.weight"] < 1  # the losses are above one half
        assert last["loss"] == pytest.approx(sum(last[f"{one}.loss"] for one in ("target", "twice")))
    kept = last_checkpoint(tmp_path / "whole").tensors["loss_weights"]
    assert set(kept) == {"raw", "exp_avg.raw", "exp_avg_sq.raw", "step.raw"}
    model = safetensors.torch.load_file(tmp_path / "whole" / "model" / "model.safetensors")
    assert not any("raw" in name for name in model)
    assert "loss weights, learned" in (tmp_path / "whole" / "report.html").read_text()


def test_learned_weights_take_the_place_of_fixed_ones(tmp_path):
    with pytest.raises(ConfigurationError, match=r"outputs.twice.weight.*learns the weights of losses"):
        two_texts(tmp_path, "training.loss_weights=uncertainty")
    with pytest.raises(ConfigurationError, match="weighs several outputs, and there is one"):
        small_experiment(tmp_path, "training.loss_weights=uncertainty")
