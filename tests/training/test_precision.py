"""bf16 is chosen where it was measured to be faster, and nowhere else."""

import pytest
import torch
from torch import nn

from jumok.device import autocast
from jumok.training.precision import choose_precision

CPU = torch.device("cpu")


def in_bf16():
    return torch.is_autocast_enabled("cpu")


class Clock:
    """Stands for the module `time`, so that no test depends on how busy the machine is."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("jumok.training.precision.time", clock)
    return clock


def sleeping(clock, fp32, bf16, seen):
    """A trial that takes so many seconds."""

    def trial():
        seen.append("bf16" if in_bf16() else "fp32")
        clock.sleep(bf16 if in_bf16() else fp32)

    return trial


def test_autocast_computes_products_in_the_precision():
    linear, x = nn.Linear(3, 5), torch.randn(2, 3)
    with autocast(CPU, "bf16"):
        assert linear(x).dtype == torch.bfloat16
        with autocast(CPU, "fp32"):
            assert linear(x).dtype == torch.float32
    with autocast(CPU, "fp32"):
        assert linear(x).dtype == torch.float32
    assert linear.weight.dtype == torch.float32


def test_the_faster_is_chosen_after_alternating(clock):
    seen = []
    precision, seconds = choose_precision(CPU, sleeping(clock, 2.0, 0.5, seen), rounds=3)
    assert precision == "bf16"
    assert seen == ["fp32", "bf16"] * 3
    assert seconds == pytest.approx({"fp32": 2.0, "bf16": 0.5})


@pytest.mark.parametrize(("bf16", "expected"), [(1.05, "fp32"), (1.01, "fp32"), (0.99, "bf16")])
def test_a_small_gain_is_not_worth_it(clock, bf16, expected):
    assert choose_precision(CPU, sleeping(clock, 1.1, bf16, []))[0] == expected


def test_a_slow_bf16_is_tried_twice(clock):
    seen = []
    precision, seconds = choose_precision(CPU, sleeping(clock, 0.5, 2.0, seen))
    assert precision == "fp32"
    assert seen == ["fp32", "bf16"] * 2
    assert seconds == pytest.approx({"fp32": 0.5, "bf16": 2.0})


def test_the_shortest_time_counts(clock):
    waits = iter([9.0, 1.0, 4.0, 8.0, 3.0, 8.0])  # fp32 and bf16 by turns; the first is a slow start
    precision, seconds = choose_precision(CPU, lambda: clock.sleep(next(waits)))
    assert precision == "bf16"
    assert seconds == pytest.approx({"fp32": 3.0, "bf16": 1.0})


def test_a_failing_bf16_means_fp32():
    def trial():
        if in_bf16():
            raise RuntimeError('"some_kernel" not implemented for BFloat16')

    precision, seconds = choose_precision(CPU, trial)
    assert precision == "fp32"
    assert list(seconds) == ["fp32"]


def test_a_failing_fp32_is_an_error():
    def trial():
        raise RuntimeError("wrong shapes")

    with pytest.raises(RuntimeError, match="wrong shapes"):
        choose_precision(CPU, trial)


def test_short_trials_are_repeated(clock):
    seen = []
    choose_precision(CPU, sleeping(clock, 0.02, 0.01, seen), rounds=7)
    assert seen == ["fp32", "bf16"] * 7


def test_a_real_trial_leaves_no_trace():
    model, x = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5), nn.Linear(8, 1)), torch.randn(4, 8)
    before = {name: value.clone() for name, value in model.state_dict().items()}

    def trial():
        model(x).sum().backward()
        model.zero_grad()

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    precision, seconds = choose_precision(CPU, trial)
    assert torch.equal(torch.rand(3), expected)
    assert precision in ("fp32", "bf16")
    assert set(seconds) <= {"fp32", "bf16"}
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not in_bf16()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_choosing_on_a_gpu():
    device = torch.device("cuda")
    model, x = nn.Linear(4096, 4096).to(device), torch.randn(4096, 4096, device=device)
    state = torch.cuda.get_rng_state()

    def trial():
        nn.functional.dropout(model(x)).sum().backward()
        model.zero_grad()

    precision, seconds = choose_precision(device, trial)
    assert precision == ("bf16" if torch.cuda.is_bf16_supported() else "fp32"), seconds
    assert torch.equal(torch.cuda.get_rng_state(), state)
