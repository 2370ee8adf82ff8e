"""Numbers that heads are sorted by."""

import json
from math import log

import pytest
import torch
from torch.testing import assert_close

from jumok.attention.maps import ROWS
from jumok.inspection.heads import Positions, statistics
from made_maps import map_of, random_weights

B, H, T, S = 2, 3, 5, 7


def only(weights, **options):
    (found,) = statistics(map_of(weights[None, None].double(), **options))
    return found


def test_looking_at_all_alike_and_at_one_are_the_bounds():
    alike, one = only(torch.full((T, S), 1 / S)), only(torch.eye(S)[[2] * T])
    assert alike.entropy == pytest.approx(log(S)) and alike.spread == pytest.approx(1.0)
    assert one.entropy == pytest.approx(0.0, abs=1e-6) and one.spread == pytest.approx(0.0, abs=1e-6)
    assert (one.sink, one.sink_key, one.last) == (1.0, 2, 1.0)


@pytest.mark.parametrize("causal", [False, True])
def test_entropy_stays_in_its_bounds(causal):
    for one in statistics(map_of(random_weights(B, H, S, S, causal=causal)), example=1):
        assert 0 < one.entropy < log(S) and 0 < one.spread < 1


def test_numbers_are_those_of_the_whole_tensor():
    T = S = ROWS + 3
    weights = random_weights(B, H, T, S)
    at = torch.arange(S).double()
    for one in statistics(map_of(weights), example=1, layer=4):
        w = weights[1, one.head]
        assert one.layer == 4
        assert one.entropy == pytest.approx(float(torch.special.entr(w).sum(-1).mean()), rel=1e-5)
        assert one.spread == pytest.approx(one.entropy / log(S), rel=1e-5)
        assert one.distance == pytest.approx(float((w * (at[:, None] - at).abs()).sum(-1).mean()), rel=1e-5)
        assert one.first == pytest.approx(float(w[:, 0].mean()), rel=1e-5)
        assert one.last == pytest.approx(float(w[:, -1].mean()), rel=1e-5)
        assert one.sink == pytest.approx(float(w.mean(0).max()), rel=1e-5)
        assert one.sink_key == int(w.mean(0).argmax())


def test_distance_of_the_diagonal_is_none():
    assert only(torch.eye(S)).distance == 0
    assert only(torch.eye(S).roll(1, 0)[1:], offset=1).distance == 1
    other_text = torch.zeros(3, S)
    other_text[range(3), [0, 3, 6]] = 1.0
    assert only(other_text).distance == 0


def test_cells_stand_in_a_plane():
    places = torch.cartesian_prod(torch.arange(2), torch.arange(3))
    weights = torch.zeros(6, 6)
    weights[:, 0] = 1
    (found,) = statistics(map_of(weights[None, None].double()), stands=Positions(places, places))
    assert_close(found.distance, float(places.double().norm(dim=-1).mean()))


def test_queries_that_are_not_real_do_not_count():
    weights = random_weights(T, S)
    blind = weights.clone()
    blind[[1, 4]] = 0
    counted = torch.tensor([True, False, True, True, False])
    (found,) = statistics(map_of(weights[None, None]), counted=counted)
    assert (
        found.entropy
        == pytest.approx(only(blind).entropy)
        == pytest.approx(float(torch.special.entr(weights[counted]).sum(-1).mean()), rel=1e-5)
    )


def test_a_head_that_sees_nothing_has_no_numbers():
    found = only(torch.zeros(T, S))
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["entropy"] is None


def test_padding_behind_the_text_is_not_its_end():
    weights = torch.zeros(T, S)
    weights[:, :4] = random_weights(T, 4)
    found = only(weights)
    assert found.last == pytest.approx(float(weights[:, 3].mean()), rel=1e-5)


def test_heads_can_be_sorted():
    maps = [map_of(random_weights(B, H, S, S)) for _ in range(2)]
    found = [one for layer, attention in enumerate(maps) for one in statistics(attention, layer=layer)]
    found.sort(key=lambda one: one.entropy)
    assert {(one.layer, one.head) for one in found} == {
        (layer, head) for layer in range(2) for head in range(H)
    }
    assert [one.entropy for one in found] == sorted(one.entropy for one in found)
