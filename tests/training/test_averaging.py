"""Averages are the averages they say, disturb nothing, and survive an interruption."""

import json

import pytest
import torch
from torch import nn

from jumok.errors import RunError
from jumok.training.averaging import ExponentialAverage, SnapshotAverage


class Small(nn.Module):
    """Tied weights, floating and whole-number buffers, one that is not part of the state."""

    def __init__(self, dtype=torch.float32):
        super().__init__()
        self.one = nn.Linear(3, 5, dtype=dtype)
        self.two = nn.Linear(3, 5, dtype=dtype)
        self.two.weight = self.one.weight
        self.wide = nn.Parameter(torch.randn(2, dtype=torch.float64))
        self.register_buffer("mean", torch.randn(4))
        self.register_buffer("seen", torch.tensor(0))
        self.register_buffer("table", torch.randn(2), persistent=False)


def make(kind, model):
    if kind == "exponential":
        return ExponentialAverage(model, 0.9, warm=False)
    if kind == "warm":
        return ExponentialAverage(model, 0.9)
    return SnapshotAverage(model, 3 if kind == "last" else 0)


KINDS = ["none", "exponential", "warm", "last"]


def change(model, step):
    """What a training step does to a model, without the training."""
    source = torch.Generator().manual_seed(step)
    with torch.no_grad():
        for tensor in [*model.parameters(), model.mean]:
            tensor.add_(torch.randn(tensor.shape, generator=source).to(tensor.dtype))
        model.seen += 1


def train(model, average, steps):
    for step in steps:
        change(model, step)
        average.step()
        if step % 2:
            average.before_evaluation()


def snapshot(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def averaged(model, average):
    with average.averaged_weights():
        return snapshot(model)


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]), name


def test_no_average_is_the_weights_themselves():
    model = Small()
    average = SnapshotAverage(model, 0)
    train(model, average, range(3))
    assert_same(averaged(model, average), snapshot(model))
    assert (average.tensors(), average.state()) == ({}, {})
    average.restore({}, {})
    with pytest.raises(RunError, match="no place for 'x'"):
        average.restore({"x": torch.zeros(1)}, {})


@pytest.mark.parametrize("warm", [False, True])
def test_exponential_is_the_formula(warm):
    model = Small()
    average = ExponentialAverage(model, 0.6, warm)
    expected = {name: value.double() for name, value in snapshot(model).items()}
    for step in range(12):
        change(model, step)
        average.step()
        decay = min(0.6, (1 + step) / (10 + step)) if warm else 0.6
        for name, value in model.state_dict().items():
            expected[name] = decay * expected[name] + (1 - decay) * value
    expected["seen"] = model.seen
    torch.testing.assert_close(averaged(model, average), expected, check_dtype=False)


def test_last_is_the_mean_of_the_last_marks():
    model = Small()
    average = SnapshotAverage(model, 3)
    change(model, 100)
    assert_same(averaged(model, average), snapshot(model))  # before the first mark
    marks = []
    for step in range(5):
        change(model, step)
        average.step()
        average.before_evaluation()
        marks.append(snapshot(model))
        expected = {n: sum(mark[n] for mark in marks[-3:]) / len(marks[-3:]) for n in marks[0]}
        expected["seen"] = model.seen
        torch.testing.assert_close(averaged(model, average), expected)
    change(model, 7)
    average.step()
    torch.testing.assert_close(averaged(model, average)["mean"], expected["mean"])  # only marks count


def test_averages_of_bf16_weights_are_taken_in_fp32():
    model = nn.Linear(3, 5, dtype=torch.bfloat16)
    nn.init.constant_(model.weight, 2.0)
    exponential, last = ExponentialAverage(model, 0.999, warm=False), SnapshotAverage(model, 600)
    for _ in range(300):
        last.before_evaluation()
    nn.init.constant_(model.weight, 1.0)
    for _ in range(300):
        exponential.step()  # by less than bf16 can tell from 2
        last.before_evaluation()
    expected = torch.full((5, 3), 1.0 + 0.999**300)
    torch.testing.assert_close(exponential.tensors()["weight"], expected)
    assert (averaged(model, exponential)["weight"] == expected.bfloat16()).all()
    assert (averaged(model, last)["weight"] == 1.5).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_weights_come_back_bit_by_bit(kind, dtype):
    model = Small(dtype)
    average = make(kind, model)
    train(model, average, range(5))
    before, objects = snapshot(model), {id(p) for p in model.parameters()}
    with average.averaged_weights():
        assert model.two.weight is model.one.weight
        assert torch.equal(model.mean, before["mean"]) is (kind == "none")
    assert_same(snapshot(model), before)
    with pytest.raises(KeyError), average.averaged_weights():
        raise KeyError
    assert_same(snapshot(model), before)
    assert {id(p) for p in model.parameters()} == objects
    assert all(p.requires_grad and p.is_leaf for p in model.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_interrupted_and_resumed_is_bit_equal(kind):
    torch.manual_seed(1)
    model = Small()
    average = make(kind, model)
    train(model, average, range(5))
    tensors = {name: tensor.clone() for name, tensor in average.tensors().items()}
    state = json.loads(json.dumps(average.state()))
    weights = snapshot(model)
    train(model, average, range(5, 11))

    resumed = Small()
    again = make(kind, resumed)
    train(resumed, again, range(40, 43))  # traces that restoring must overwrite
    resumed.load_state_dict(weights)
    again.restore(tensors, state)
    kept = {name: tensor.clone() for name, tensor in tensors.items()}
    train(resumed, again, range(5, 11))
    assert_same(averaged(model, average), averaged(resumed, again))
    assert_same(average.tensors(), again.tensors())
    assert average.state() == again.state()
    assert_same(tensors, kept)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_another_model_is_refused(kind):
    model = Small()
    average = make(kind, model)
    train(model, average, range(5))
    other = make(kind, nn.Linear(3, 5))
    with pytest.raises(RunError, match="the averaged weights lack"):
        other.restore(average.tensors(), average.state())


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="decay must be"):
        ExponentialAverage(Small(), 1.0)
    with pytest.raises(ValueError, match="count must be"):
        SnapshotAverage(Small(), -1)
