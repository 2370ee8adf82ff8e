"""Derived views: means, rollout, alignment; their rows sum to one, and they say that they are derived."""

import pytest
import torch
from torch.testing import assert_close

from jumok.attention.maps import ROWS
from jumok.errors import RunError
from jumok.inspection.views import alignment, head_mean, pairs, rollout
from made_maps import map_of, random_weights

B, H, T, S, N = 2, 3, 5, 7, 6


def stack_of(layers: int, N: int = N, causal: bool = False):
    weights = [random_weights(B, H, N, N, causal=causal) for _ in range(layers)]
    return weights, [map_of(one, f"layers.{number}") for number, one in enumerate(weights)]


def test_mean_is_that_of_all_heads_and_layers():
    weights = [random_weights(B, H, T, S), random_weights(B, 1, T, S)]
    maps = [map_of(one) for one in weights]
    expected = torch.cat([one[1] for one in weights]).mean(0).float()
    view = head_mean(maps, example=1)
    assert_close(view.weights, expected)
    assert_close(view.weights.sum(-1), torch.ones(T))
    assert_close(head_mean(maps, 1, query=3).weights, expected[3])
    assert_close(head_mean(maps, -1, query=-1).weights, expected[-1])
    assert view.name == "mean" and view.label_en.startswith("Derived: mean of 4 heads in 2 layers")
    assert "계산한 값" in view.label_ko


def test_rollout_of_one_layer_is_half_of_it_and_half_of_oneself():
    (weights,), maps = stack_of(1)
    expected = (0.5 * weights[1].mean(0) + 0.5 * torch.eye(N)).float()
    assert_close(rollout(maps, example=1).weights, expected)
    assert_close(rollout(maps, example=1, residual=False).weights, weights[1].mean(0).float())


@pytest.mark.parametrize("causal", [False, True])
def test_rollout_multiplies_layers_from_the_highest(causal):
    weights, maps = stack_of(3, causal=causal)
    low, middle, high = (0.5 * one[0].mean(0) + 0.5 * torch.eye(N) for one in weights)
    view = rollout(maps)
    assert_close(view.weights, (high @ middle @ low).float())
    assert_close(view.weights.sum(-1), torch.ones(N))
    if causal:
        assert_close(view.weights, view.weights.tril())


def test_rollout_begins_where_it_is_told():
    _, maps = stack_of(3, N=ROWS + 4)
    whole = rollout(maps).weights
    start = torch.zeros(1, ROWS + 4)
    start[0, 2] = 1.0
    assert_close(rollout(maps, start=start).weights[0], whole[2])
    cross = random_weights(T, ROWS + 4).float()
    followed = rollout(maps, start=cross).weights
    assert_close(followed, cross @ whole)
    assert_close(followed.sum(-1), torch.ones(T))


def test_blind_positions_keep_what_they_have():
    (weights,), _ = stack_of(1)
    weights[:, :, 4] = 0
    view = rollout([map_of(weights)])
    assert_close(view.weights[4], torch.eye(N)[4])
    assert_close(view.weights.sum(-1), torch.ones(N))


def test_alignment_is_of_the_step_that_predicts_or_of_the_one_that_has_read():
    weights = random_weights(T, S).float()
    assert torch.equal(alignment(weights).weights, weights)
    read = alignment(weights, shift=1)
    assert torch.equal(read.weights, weights[1:])
    assert "has read" in read.label_en and "다음 단계" in read.label_ko
    assert pairs(read.weights) == [
        (t, int(weights[t + 1].argmax()), float(weights[t + 1].max())) for t in range(T - 1)
    ]
    with pytest.raises(ValueError, match="shift is 0 .* or 1"):
        alignment(weights, 2)


def test_blind_rows_are_aligned_with_nothing():
    weights = random_weights(T, S).float()
    weights[2] = 0
    assert [t for t, _, _ in pairs(weights)] == [0, 1, 3, 4]
    assert pairs(weights[:0]) == []


def test_maps_that_do_not_fit_are_refused():
    with pytest.raises(RunError, match="one map at least"):
        head_mean([])
    with pytest.raises(RunError, match="layer: 5 × 7, other: 5 × 6"):
        head_mean([map_of(random_weights(B, H, T, S)), map_of(random_weights(B, H, T, 6), "other")])
    with pytest.raises(RunError, match="self-attention"):
        rollout([map_of(random_weights(B, H, T, S))])
    with pytest.raises(IndexError, match="no query 5 of 5"):
        head_mean([map_of(random_weights(B, H, T, S))], query=5)
