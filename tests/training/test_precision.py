"""bf16 is chosen where it was measured to be faster, and nowhere else."""

import os
import platform
import subprocess
import sys

import pytest
import torch
from torch import nn

from jumok.device import autocast, has_bf16, has_fast_bf16
from jumok.training.precision import BUDGET_SECONDS, SHARES, choose_precision

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
    """A processor that multiplies in bf16, and a clock that only trials move."""
    clock = Clock()
    monkeypatch.setattr("jumok.training.precision.time", clock)
    monkeypatch.setattr("jumok.device.has_bf16", lambda device: True)
    monkeypatch.setattr("jumok.training.precision.has_fast_bf16", lambda device: True)
    monkeypatch.setattr("jumok.training.precision._gain_of_product", lambda device: 4.0)
    return clock


def sleeping(clock, fp32, bf16, seen, growth=0.0):
    """A trial that takes so many seconds on a whole batch; `growth` is the part that grows with its share."""

    def trial(share):
        seen.append(("bf16" if in_bf16() else "fp32", share))
        clock.sleep((bf16 if in_bf16() else fp32) * (1 - growth + growth * share))

    return trial


def test_autocast_computes_products_in_the_precision():
    linear, x = nn.Linear(3, 5), torch.randn(2, 3)
    with autocast(CPU, "bf16"):
        assert linear(x).dtype == (torch.bfloat16 if has_bf16(CPU) else torch.float32)
        with autocast(CPU, "fp32"):
            assert linear(x).dtype == torch.float32
    with autocast(CPU, "fp32"):
        assert linear(x).dtype == torch.float32
    assert linear.weight.dtype == torch.float32


def test_the_faster_is_chosen_by_turns(clock):
    seen = []
    chosen = choose_precision(CPU, sleeping(clock, 0.2, 0.05, seen), rounds=3)
    assert chosen.precision == "bf16"
    first, *others = [precision for precision, _ in seen]
    assert first == "fp32" and others == ["fp32", "bf16"] * (len(others) // 2)
    assert chosen.seconds == pytest.approx({"fp32": 0.2, "bf16": 0.05})


@pytest.mark.parametrize(("bf16", "expected"), [(0.105, "fp32"), (0.101, "fp32"), (0.099, "bf16")])
def test_a_small_gain_is_not_worth_it(clock, bf16, expected):
    assert choose_precision(CPU, sleeping(clock, 0.11, bf16, [])).precision == expected


@pytest.mark.parametrize("bf16", [0.5, 1.0, 100.0])
def test_measuring_ends_within_its_budget(clock, bf16):
    """A batch that takes a second is measured by a part of it."""
    seen = []
    chosen = choose_precision(CPU, sleeping(clock, 1.0, bf16, seen, growth=1.0))
    assert chosen.precision == ("bf16" if bf16 < 1 else "fp32")
    first = (1.0 + bf16) * SHARES[
        0
    ]  # nobody knows how long this takes before it was done, and a first run misleads
    assert clock.now <= max(BUDGET_SECONDS, 2 * first)
    assert seen[0][1] == SHARES[0] and seen[-1][1] < 1.0


def test_a_slow_first_run_decides_nothing(clock):
    """The first run of all loads code: it may take longer than all others together."""
    waits = iter([0.9])
    chosen = choose_precision(CPU, lambda share: clock.sleep(next(waits, 0.2 if in_bf16() else 0.1)))
    assert chosen.precision == "fp32" and chosen.seconds == pytest.approx({"fp32": 0.1, "bf16": 0.2})


@pytest.mark.parametrize(("gain", "expected"), [(1.5, "fp32"), (8.0, "bf16")])
def test_a_batch_that_takes_too_long_is_not_tried_in_bf16(clock, monkeypatch, gain, expected):
    """The smallest part takes 1.9 seconds: the tiny product decides."""
    monkeypatch.setattr("jumok.training.precision._gain_of_product", lambda device: gain)
    seen = []
    chosen = choose_precision(CPU, sleeping(clock, 1.9, 1000.0, seen))
    assert chosen.precision == expected and "too long" in chosen.reason
    assert seen == [("fp32", SHARES[0])] and clock.now <= BUDGET_SECONDS


def test_a_fast_batch_is_measured_whole(clock):
    seen = []
    choose_precision(CPU, sleeping(clock, 0.02, 0.01, seen), rounds=7)
    assert [share for _, share in seen].count(1.0) == 14


def test_a_processor_without_bf16_is_not_asked_to_try(clock, monkeypatch):
    monkeypatch.setattr("jumok.training.precision.has_fast_bf16", lambda device: False)
    seen, said = [], []
    chosen = choose_precision(CPU, sleeping(clock, 1.0, 0.1, seen), said.append)
    assert chosen.precision == "fp32" and "bf16" in chosen.reason and not seen and not said


def test_a_tiny_product_is_tried_before_a_batch(clock, monkeypatch):
    monkeypatch.setattr("jumok.training.precision._gain_of_product", lambda device: 0.9)
    seen = []
    assert choose_precision(CPU, sleeping(clock, 1.0, 0.1, seen)).precision == "fp32" and not seen


def test_what_is_measured_is_said_before(clock):
    said = []

    def trial(share):
        assert said == ["measuring whether fp32 or bf16 is faster here (at most about 2 seconds)"]
        clock.sleep(0.1)

    choose_precision(CPU, trial, said.append)
    assert said


def test_the_first_process_answers_for_all(clock):
    asked = []

    def decide(question):
        asked.append(question)
        return False

    assert choose_precision(CPU, lambda share: None, decide=decide).precision == "fp32" and len(asked) == 1


def test_the_shortest_time_counts(clock):
    waits = iter([0.1] + [0.1, 0.1, 0.1, 0.1] * 2 + [0.4, 0.1, 0.1, 0.1, 0.05, 0.02] + [0.2] * 20)
    chosen = choose_precision(CPU, lambda share: clock.sleep(next(waits)), rounds=3)
    assert chosen.precision == "bf16"
    assert chosen.seconds == pytest.approx({"fp32": 0.05, "bf16": 0.02})


def test_a_failing_bf16_means_fp32(clock):
    def trial(share):
        if in_bf16():
            raise RuntimeError('"some_kernel" not implemented for BFloat16')

    chosen = choose_precision(CPU, trial)
    assert chosen.precision == "fp32" and list(chosen.seconds) == ["fp32"] and "missing" in chosen.reason


def test_a_failing_fp32_is_an_error(clock):
    def trial(share):
        raise RuntimeError("wrong shapes")

    with pytest.raises(RuntimeError, match="wrong shapes"):
        choose_precision(CPU, trial)


def test_a_real_trial_leaves_no_trace():
    model, x = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5), nn.Linear(8, 1)), torch.randn(4, 8)
    before = {name: value.clone() for name, value in model.state_dict().items()}

    def trial(share):
        model(x).sum().backward()
        model.zero_grad()

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    chosen = choose_precision(CPU, trial)
    assert torch.equal(torch.rand(3), expected)
    assert chosen.precision == "fp32" or has_fast_bf16(CPU)
    assert set(chosen.seconds) <= {"fp32", "bf16"}
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not in_bf16()


def test_a_plain_processor_is_told_by_the_libraries():
    """Where the libraries are told to compute as an AVX2 processor, there is no bf16."""
    code = "import torch; from jumok.device import has_bf16; print(has_bf16(torch.device('cpu')))"
    plain = {"ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}
    if platform.machine() in ("x86_64", "AMD64"):
        ended = subprocess.run([sys.executable, "-c", code], env={**os.environ, **plain}, capture_output=True)
        assert ended.stdout == b"False\n", ended.stderr


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_choosing_on_a_gpu():
    device = torch.device("cuda")
    model, x = nn.Linear(4096, 4096).to(device), torch.randn(4096, 4096, device=device)
    state = torch.cuda.get_rng_state()

    def trial(share):
        nn.functional.dropout(model(x)).sum().backward()
        model.zero_grad()

    chosen = choose_precision(device, trial)
    assert chosen.precision == ("bf16" if torch.cuda.is_bf16_supported() else "fp32"), chosen.seconds
    assert torch.equal(torch.cuda.get_rng_state(), state)
