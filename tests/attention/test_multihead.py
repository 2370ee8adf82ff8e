"""Multi-head attention against torch's module, and its cache against itself."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from jumok.attention.core import causal_mask
from jumok.attention.multihead import KVCache, MultiHeadAttention
from jumok.attention.positions import Rotary
from reference import (
    assert_torch_learns_the_same,
    attention_as_torch,
    gradient,
    gradients,
    leaf,
    random_parameters,
    value,
    weighted,
)

B, T, S, D, H = 2, 5, 7, 12, 3
VALID = torch.arange(S) < torch.tensor([[7], [4]])


def attention(rotary: bool = False) -> MultiHeadAttention:
    return random_parameters(MultiHeadAttention(D, H, rotary=Rotary(D // H) if rotary else None))


def pair() -> tuple[MultiHeadAttention, nn.MultiheadAttention]:
    ours, theirs = attention(), nn.MultiheadAttention(D, H, batch_first=True).double()
    theirs.load_state_dict(attention_as_torch(ours, value))
    return ours, theirs


def test_cross_attention_is_torchs():
    (ours, theirs), x, memory = pair(), leaf(B, T, D), leaf(B, S, D)
    mixed = ours(x, memory, VALID[:, None, None, :])
    expected, _ = theirs(x, memory, memory, key_padding_mask=~VALID)
    assert_close(mixed, expected)
    assert_close(gradients(mixed, (x, memory)), gradients(expected, (x, memory)))


def test_weights_learn_as_torchs():
    (ours, theirs), x, memory = pair(), leaf(B, T, D), leaf(B, S, D)
    weighted(ours(x, memory, VALID[:, None, None, :])).backward()
    weighted(theirs(x, memory, memory, key_padding_mask=~VALID)[0]).backward()
    assert_torch_learns_the_same(theirs, attention_as_torch(ours, gradient))


def test_causal_self_attention_is_torchs():
    (ours, theirs), x = pair(), leaf(B, S, D)
    mixed = ours(x, x, VALID[:, None, None, :], causal=True)
    ahead = torch.ones(S, S, dtype=torch.bool).triu(1)
    expected, _ = theirs(x, x, x, key_padding_mask=~VALID, attn_mask=ahead)
    assert_close(mixed, expected)
    assert_close(gradients(mixed, [x]), gradients(expected, [x]))


@pytest.mark.parametrize("rotary", [False, True], ids=["plain", "rotary"])
def test_step_by_step_equals_all_at_once(rotary):
    ours, x = attention(rotary), leaf(B, T, D)
    whole, past, steps = ours(x, x, causal=True), None, []
    for t in range(T):
        new = ours.project_kv(x[:, t : t + 1], offset=t)
        past = KVCache(new) if past is None else past.append(new)
        steps.append(ours.attend(x[:, t : t + 1], past.seen, offset=t))
    assert_close(torch.cat(steps, 1), whole)
    assert_close(gradients(torch.cat(steps, 1), [x]), gradients(whole, [x]))


@pytest.mark.parametrize("rotary", [False, True], ids=["plain", "rotary"])
def test_memory_in_pieces_equals_memory_at_once(rotary):
    ours, memory = attention(rotary), leaf(B, S, D)
    pieces = KVCache(ours.project_kv(memory[:, :3])).append(ours.project_kv(memory[:, 3:], offset=3))
    assert_close(pieces.seen, ours.project_kv(memory))


@pytest.mark.parametrize("wants_gradient", [False, True])
def test_rows_taken_before_a_step_are_the_rows_of_the_past(wants_gradient):
    ours, states = attention(rotary=True), torch.randn(3, 4, D, dtype=torch.float64)
    with torch.set_grad_enabled(wants_gradient):
        first, last = ours.project_kv(states[:, :3]), torch.tensor([2, 0, 0, 1])
        rows = torch.tensor([0, 0, 2, 1])[
            last
        ]  # taken twice: only the last positions of the last ones come after
        past = KVCache(first).select(torch.tensor([0, 0, 2, 1])).select(last)
        whole = past.append(ours.project_kv(states[rows, 3:], offset=3)).seen
        assert_close(whole, ours.project_kv(states).select(rows))


def test_several_new_positions_see_the_past_and_each_other():
    ours, x = attention(rotary=True), leaf(B, S, D)
    late = ours.attend(x[:, 4:], ours.project_kv(x), causal=True, offset=4)
    assert_close(late, ours(x, x, causal=True)[:, 4:])


def test_rotary_depends_on_distance_only():
    ours, x = attention(rotary=True), leaf(B, T, D)
    moved = ours.attend(x, ours.project_kv(x, offset=100), causal=True, offset=100)
    assert_close(moved, ours(x, x, causal=True))


def test_order_matters_to_rotary_only():
    x, memory = leaf(B, T, D), leaf(B, S, D)
    turned = memory.flip(1)
    plain, rotary = attention(), attention(rotary=True)
    assert_close(plain(x, turned), plain(x, memory))
    assert (rotary(x, turned) - rotary(x, memory)).abs().max() > 1e-3


def test_heads_look_apart():
    ours, x, memory = attention(), leaf(B, T, D), leaf(B, S, D)
    allowed = torch.ones(B, H, T, S, dtype=torch.bool)
    allowed[:, 1, :, 3] = False
    ours.out.weight.data = torch.eye(D).double()
    change = (ours(x, memory, allowed) - ours(x, memory)).unflatten(-1, (H, -1)).abs().amax((0, 1, 3))
    assert change[1] > 1e-4 and change[0] == change[2] == 0


def test_remembered_rows_are_selected():
    ours, memory = attention(), leaf(B, S, D)
    rows = torch.tensor([1, 1, 0])
    assert_close(ours.project_kv(memory).select(rows), ours.project_kv(memory[rows]))


def test_only_values_are_mixed():
    ours, memory = attention(), leaf(B, S, D)
    same = memory[:, :1].expand(-1, S, -1)
    expected = ours.out(ours.value(same))
    assert_close(ours(memory, same, causal_mask(S, S, memory.device)), expected)


def test_dropout_is_for_training():
    ours = MultiHeadAttention(D, H, dropout=0.5)
    x = torch.randn(B, T, D)
    assert not torch.equal(ours(x, x), ours(x, x))
    ours.eval()
    assert torch.equal(ours(x, x), ours(x, x))


def test_autocast_is_near_float32():
    ours = MultiHeadAttention(D, H)
    x, memory = torch.randn(B, T, D), torch.randn(B, S, D)
    with torch.autocast("cpu", torch.bfloat16):
        low = ours(x, memory, VALID[:, None, None, :])
    assert low.dtype == torch.bfloat16
    assert_close(low.float(), ours(x, memory, VALID[:, None, None, :]), rtol=0.03, atol=0.03)


def test_width_must_fit_heads():
    with pytest.raises(ValueError, match="width=14, heads=4; try width="):
        MultiHeadAttention(14, 4)
