"""The learning rate rises, peaks and falls as the papers say."""

import math

import pytest
import torch

from jumok.training.schedule import Schedule, constant, cosine, inverse_sqrt


@pytest.mark.parametrize("kind", ["inverse_sqrt", "cosine", "constant"])
def test_linear_to_the_peak_and_never_above(kind):
    schedule = Schedule(kind, peak=0.5, warmup=10, steps=100)
    rates = [schedule(step) for step in range(1, 101)]
    assert rates[:10] == pytest.approx([0.05 * step for step in range(1, 11)])
    assert max(rates) == rates[9] == pytest.approx(0.5)
    assert all(later <= earlier for earlier, later in zip(rates[9:], rates[10:], strict=False))
    assert all(rate >= 0.0 for rate in rates)


@pytest.mark.parametrize("kind", ["inverse_sqrt", "cosine", "constant"])
@pytest.mark.parametrize(("warmup", "steps"), [(0, 1), (0, 10), (1, 1), (10, 10), (20, 10)])
def test_odd_lengths_are_fine(kind, warmup, steps):
    schedule = Schedule(kind, 0.5, warmup, steps)
    assert all(0.0 <= schedule(step) <= 0.5 for step in range(1, steps + 5))


def test_inverse_sqrt_is_the_formula_of_the_paper():
    width, warmup = 512, 4000
    peak = (width * warmup) ** -0.5
    for step in (1, 100, 4000, 4001, 100_000):
        paper = width**-0.5 * min(step**-0.5, step * warmup**-1.5)  # Vaswani et al., 2017, equation 3
        assert inverse_sqrt(step, warmup, peak) == pytest.approx(paper)


def test_cosine_is_torchs():
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=0.3)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=40, eta_min=0.02)
    for step in range(5, 46):
        assert cosine(step, 5, 45, 0.3, final=0.02) == pytest.approx(theirs.get_last_lr()[0])
        optimizer.step()
        theirs.step()


def test_cosine_ends_at_final_and_stays():
    assert cosine(100, 10, 100, 1.0) == pytest.approx(0.0, abs=1e-12)
    assert cosine(100, 10, 100, 1.0, final=0.1) == cosine(1000, 10, 100, 1.0, final=0.1) == pytest.approx(0.1)
    assert cosine(55, 10, 100, 1.0) == pytest.approx(0.5)


def test_constant_stays():
    assert constant(1000, 10, 0.5) == 0.5
    assert constant(1, 0, 0.5) == 0.5
    assert math.isclose(constant(1, 4, 0.5), 0.125)
