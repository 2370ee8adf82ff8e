"""Small tasks that a sound training learns in seconds, with bounds far above chance."""

import json
import math
from pathlib import Path

import pytest
import safetensors
import torch

from jumok.errors import RunError
from jumok.experiment import read_experiment
from jumok.predictor import load
from jumok.training import loop, train
from jumok.training.schedule import Schedule
from run_contents import last_checkpoint, log_of
from small_experiments import LEARNING, small_experiment, unseen, write_words


def share_right(folder: Path, longest: int = 5, reverse: bool = False) -> float:
    """The share of words that a run writes as it should, among 100 that it never saw."""
    asked = unseen(folder, 100, longest)
    wanted = [word[::-1] if reverse else word for word in asked]
    written = [prediction.text for prediction in load(folder / "run").predict(asked)]
    return sum(map(str.__eq__, wanted, written)) / len(asked)


def learn_to_copy(folder: Path, *overrides: str, longest: int = 5) -> float:
    write_words(folder, longest, reverse=False, train=1500)
    train(small_experiment(folder, *LEARNING, "training.steps=250", *overrides), folder / "run")
    return share_right(folder, longest)


def test_a_transformer_learns_to_reverse(reversal):
    assert len(unseen(reversal, 100)) == 100
    assert share_right(reversal, reverse=True) > 0.95  # chance is below 0.001


@pytest.mark.parametrize(("attention", "reading"), [("additive", "left_to_right"), ("dot", "right_to_left")])
def test_a_gru_with_attention_learns_to_copy(tmp_path, attention, reading):
    decoder = f"outputs.target.decoder={{kind: gru, layers: 1, attention: {attention}}}"
    tokens = f"inputs.source.tokens={{kind: characters, direction: {reading}}}"
    assert learn_to_copy(tmp_path, "inputs.source.encoder.kind=gru", decoder, tokens) > 0.9


def test_a_gru_without_attention_learns_to_copy_what_is_short(tmp_path):
    decoder = "outputs.target.decoder={kind: gru, layers: 1, attention: none}"
    steps = "training.steps=400"
    assert learn_to_copy(tmp_path, "inputs.source.encoder.kind=gru", decoder, steps, longest=4) > 0.7


def test_bf16_learns_too(tmp_path):
    assert learn_to_copy(tmp_path, "training.precision=bf16") > 0.9
    assert {tensor.dtype for tensor in last_checkpoint(tmp_path / "run").tensors["model"].values()} == {
        torch.float32
    }


@pytest.mark.parametrize(
    ("schedule", "average"), [("cosine", "ema"), ("inverse_sqrt", "last"), ("constant", "none")]
)
def test_every_schedule_and_every_average(tmp_path, schedule, average):
    options = (f"training.schedule={schedule}", f"training.average={average}", "training.label_smoothing=0.2")
    steps = ("training.steps=6", "training.evaluate_every=2", "training.warmup=3")
    train(small_experiment(tmp_path, *options, *steps), tmp_path / "run")
    log = [record for record in log_of(tmp_path / "run") if record["split"] == "train"]
    rate = Schedule(schedule, 0.01, 3, 6)
    assert [record["learning_rate"] for record in log] == [rate(2), rate(4), rate(6)]
    assert all(math.isfinite(record["loss"]) for record in log)
    assert log[-1]["loss"] < log[0]["loss"]


def test_smoothing_keeps_the_loss_above_what_is_reported_for_valid(tmp_path):
    write_words(tmp_path, longest=2, reverse=False)
    smooth = small_experiment(tmp_path, *LEARNING, "training.label_smoothing=0.3", "training.steps=100")
    train(smooth, tmp_path / "run")
    loss = {record["split"]: record["loss"] for record in log_of(tmp_path / "run")}
    tokens = len(load(tmp_path / "run").outputs["target"].codec.vocabulary)
    least = -0.7 * math.log(0.7) - 0.3 * math.log(
        0.3 / tokens
    )  # about: no prediction does better when smoothed
    assert loss["train"] > 0.8 * least and loss["valid"] < 0.6 * least


# --- which model is kept


@pytest.mark.parametrize("metric", ["exact_match", "token_error_rate"])
def test_the_best_model_is_kept(tmp_path, metric):
    chosen = (f"outputs.target.metric={metric}", "training.learning_rate=0.05", "training.schedule=constant")
    steps = ("training.steps=40", "training.evaluate_every=4")
    train(small_experiment(tmp_path, *chosen, *steps), tmp_path / "run")
    log = [r for r in log_of(tmp_path / "run") if r["split"] == "valid"]
    best = (max if metric == "exact_match" else min)(r[metric] for r in log)
    last = min((r for r in log if r[metric] == best), key=lambda r: r["loss"])[
        "step"
    ]  # the loss decides ties
    with safetensors.safe_open(tmp_path / "run" / "model" / "model.safetensors", "pt") as file:
        assert file.metadata() == {"step": str(last)}
    document = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    assert document["split"] == "test"


def test_patience_ends_a_training_that_does_not_get_better(tmp_path):
    hopeless = ("training.learning_rate=1e-9", "training.patience=3", "training.steps=40")
    train(small_experiment(tmp_path, *hopeless, "training.evaluate_every=2"), tmp_path / "run")
    assert [r["step"] for r in log_of(tmp_path / "run") if r["split"] == "valid"] == [*range(2, 27, 2)]
    assert last_checkpoint(tmp_path / "run").state["finished"]


def test_precision_is_found_out_and_written_down(tmp_path):
    train(small_experiment(tmp_path, "training.precision=auto", "training.steps=2"), tmp_path / "run")
    chosen = read_experiment(tmp_path / "run" / "config.yaml").training.precision
    assert chosen in ("fp32", "bf16")


def test_how_long_an_answer_may_be_is_found_out(tmp_path):
    train(small_experiment(tmp_path, "decoding.max_tokens=null", "training.steps=2"), tmp_path / "run")
    longest = 5 + 1  # letters and the end mark
    limit = read_experiment(tmp_path / "run" / "config.yaml").decoding.max_tokens
    assert limit == longest + longest // 4 + 10


def test_a_step_without_sound_gradients_is_not_taken(tmp_path, monkeypatch):
    experiment = small_experiment(
        tmp_path, "training.steps=4", "training.evaluate_every=2", "training.keep=2"
    )
    norms = iter([1.0, 1.0, math.nan, math.inf])
    monkeypatch.setattr(loop, "clip_gradients", lambda parameters, limit: next(norms))
    train(experiment, tmp_path / "run")
    before, after = sorted((tmp_path / "run" / "checkpoints").iterdir())
    for group in ("model", "optimizer", "average"):
        assert (before / f"{group}.safetensors").read_bytes() == (after / f"{group}.safetensors").read_bytes()


def test_training_without_sound_gradients_gives_up(tmp_path, monkeypatch):
    monkeypatch.setattr(loop, "clip_gradients", lambda parameters, limit: math.nan)
    with pytest.raises(
        RunError, match=r"20 steps in a row .* not finite \(step 20\); lower training.learning"
    ):
        train(small_experiment(tmp_path, "training.evaluate_every=50"), tmp_path / "run")
