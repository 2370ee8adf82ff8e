"""What several processes rely on, seen from one."""

import signal

import pytest
import torch

from jumok.data.batching import longest_first
from jumok.dataset import prepare
from jumok.errors import RunError
from jumok.kinds.catalogue import build_model
from jumok.training import train
from jumok.training.device import device_of
from jumok.training.distributed import SingleProcess, init_distributed
from jumok.training.loss import batch_losses
from jumok.training.reporter import NullReporter
from jumok.training.signals import stop_signals
from jumok.training.train import ONE_SHARD
from run_contents import last_checkpoint
from small_experiments import small_experiment

ENCODERS = ("transformer", "rnn", "lstm", "gru")
DECODERS = (
    "{kind: transformer}",
    "{kind: rnn, attention: none}",
    "{kind: lstm, attention: additive}",
    "{kind: gru, attention: dot}",
)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_every_weight_has_a_part_in_every_step(tmp_path, encoder, decoder):
    options = [f"inputs.source.encoder.kind={encoder}", f"outputs.target.decoder={decoder}"]
    experiment = small_experiment(tmp_path, *options, "model.positions=learned", "data.tokens.shared=true")
    prepared = prepare(experiment, print)
    model = build_model(prepared.fields, experiment.model)
    split = prepared.splits["train"]
    shortest = split.batch(longest_first(split.all_lengths(), 16)[-1])
    batch_losses(model, split, shortest, 0.1)["target"].total.backward()
    assert not [name for name, weight in model.named_parameters() if weight.grad is None]


def test_target_tokens_are_those_of_the_batch(tmp_path):
    split = prepare(small_experiment(tmp_path), print).splits["train"]
    for rows in longest_first(split.all_lengths(), 64):
        assert split.target_counts(rows) == {"target": int(split.batch(rows).outputs["target"].valid.sum())}


def test_without_torchrun_a_process_is_alone(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")  # as some clusters set it, without an address to meet at
    assert isinstance(init_distributed(), SingleProcess)


class Second(SingleProcess):
    """The second process of a machine."""

    rank, world_size, local_rank, is_first = 1, 2, 1, False


def test_each_process_has_a_gpu_of_its_own(monkeypatch):
    with pytest.raises(RunError, match="'cuda:0' is one GPU for several processes; say cuda"):
        device_of("cuda:0", Second())
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(RunError, match=r"more processes \(2 at least\) than GPUs \(1\)"):
        device_of("cuda", Second())
    assert device_of("cpu", Second()) == torch.device("cpu")


class Told(NullReporter):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def message(self, message: str) -> None:
        self.sentences.append(message)


def test_one_process_has_nothing_to_shard_and_says_so(tmp_path):
    told = Told()
    train(small_experiment(tmp_path, "training.steps=2"), tmp_path / "run")
    train(small_experiment(tmp_path, "training.steps=2", "training.shard=true"), tmp_path / "shard", told)
    assert told.sentences.count(ONE_SHARD) == 1
    one, two = (last_checkpoint(tmp_path / name).tensors["model"] for name in ("run", "shard"))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_signal_that_comes_twice_counts_once_where_torchrun_may_repeat_it():
    with stop_signals(once=False) as stop:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
    with pytest.raises(KeyboardInterrupt), stop_signals():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
