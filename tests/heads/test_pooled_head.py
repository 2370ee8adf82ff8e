"""The head that gathers a memory: what it sees, and what it does not."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

import jumok
from jumok.attention.multihead import MultiHeadAttention
from jumok.heads.pooled import (
    AnswerLinear,
    AttentionPool,
    HopPool,
    MeanPool,
    OrderedLogits,
    PooledHead,
    QueryPool,
)
from jumok.layers.feedforward import FeedForward
from jumok.values import Memory

B, S, D, H, N = 3, 7, 12, 3, 5
LENGTHS = (7, 4, 2)
POOLS = ["attention", "each", "hops", "hops each", "mean"]


def small_head(pool: str) -> PooledHead:
    gather = {
        "attention": lambda: AttentionPool(D, MultiHeadAttention(D, H)),
        "each": lambda: QueryPool(D, N, MultiHeadAttention(D, H)),
        "hops": lambda: HopPool(D, [MultiHeadAttention(D, H) for _ in range(2)]),
        "hops each": lambda: HopPool(D, [MultiHeadAttention(D, H) for _ in range(2)], N),
        "mean": MeanPool,
    }[pool]()
    last = AnswerLinear(D, N) if "each" in pool else nn.Linear(D, N)
    head = PooledHead(gather, [FeedForward(D, 2 * D), FeedForward(D, 2 * D)], last, D)
    for parameter in head.parameters():
        if parameter.ndim == 1:  # biases at zero and norms at one would hide faults
            parameter.data += torch.randn_like(parameter) * 0.3
    return head.double().eval()


def memory_of(states: Tensor, lengths: tuple[int, ...]) -> Memory:
    valid = torch.arange(states.shape[1]) < torch.tensor(lengths)[:, None]
    return Memory(states, valid, states.mean(1))


@pytest.mark.parametrize("pool", POOLS)
def test_padding_changes_nothing_and_a_batch_equals_its_rows(pool):
    torch.manual_seed(0)
    head, states = small_head(pool), torch.randn(B, S, D).double()
    whole = head(memory_of(states, LENGTHS))
    for row, length in enumerate(LENGTHS):
        alone = head(memory_of(states[row : row + 1, :length], (length,)))
        assert_close(whole[row], alone[0])


@pytest.mark.parametrize("pool", POOLS)
def test_the_order_of_states_does_not_matter(pool):
    torch.manual_seed(0)
    head, states = small_head(pool), torch.randn(1, S, D).double()
    assert_close(head(memory_of(states, (S,))), head(memory_of(states.flip(1), (S,))))


@pytest.mark.parametrize("states", [S, 0])
@pytest.mark.parametrize("pool", POOLS)
def test_an_empty_memory_has_one_finite_answer_and_gradients(pool, states):
    torch.manual_seed(0)
    head = small_head(pool).train()
    made = torch.randn(B, states, D).double().requires_grad_()
    found = head(memory_of(made, (0,) * B))
    found.sum().backward()
    assert_close(found, found[:1].expand(B, -1))
    assert all(one.grad is None or one.grad.isfinite().all() for one in (*head.parameters(), made))


def test_attention_of_the_learned_query_is_recorded_exactly():
    torch.manual_seed(0)
    head, memory = small_head("attention"), memory_of(torch.randn(B, S, D).double(), LENGTHS)
    with jumok.record(head) as maps:
        head(memory)
    (name,) = maps.names
    (call,) = maps.all(name)
    assert name == "pool.cross" and call.shape == (B, H, 1, S)
    for row, length in enumerate(LENGTHS):
        weights = call[row, 0]  # (1, S)
        assert_close(weights.sum(), torch.ones((), dtype=weights.dtype))
        assert weights[0, :length].gt(0).all() and not weights[0, length:].any()


def test_a_query_for_each_answer_is_a_head_for_each():
    """As many heads with one query each, whose answers stand one after the other."""
    torch.manual_seed(0)
    head, memory = small_head("each"), memory_of(torch.randn(B, S, D).double(), LENGTHS)
    found = head(memory)  # (B, N)
    for n in range(N):
        pool = AttentionPool(D, head.pool.cross).double()
        pool.query.data = head.pool.query.data[n]
        last = nn.Linear(D, 1).double()
        last.weight.data, last.bias.data = head.output.weight.data[n], head.output.bias.data[n]
        alone = PooledHead(pool, head.blocks, last, D).double().eval()
        alone.residuals, alone.norm = head.residuals, head.norm
        assert_close(alone(memory), found[:, n : n + 1])


def test_the_mean_is_the_mean_of_valid_states():
    states = torch.randn(B, S, D)
    expected = torch.stack([states[row, :length].mean(0) for row, length in enumerate(LENGTHS)])
    assert_close(MeanPool()(memory_of(states, LENGTHS)), expected)


@pytest.mark.parametrize("ranks", [2, 3, 6])
def test_thresholds_of_ordered_logits_increase(ranks):
    torch.manual_seed(0)
    layer = OrderedLogits(D, ranks)
    layer.gaps.data.normal_(std=5.0)
    exceeded = layer(torch.randn(B, D))
    assert exceeded.shape == (B, ranks - 1)
    assert layer.thresholds.diff().gt(0).all() and exceeded.diff(dim=1).lt(0).all()


def test_what_the_second_hop_looks_at_depends_on_what_the_first_gathered():
    """The weights over the last three states change with the first four, which one look cannot do."""
    torch.manual_seed(0)
    states = torch.randn(2, S, D).double()
    states[1, 4:] = states[0, 4:]
    shares = {}
    for pool in ("attention", "hops"):
        head = small_head(pool)
        with jumok.record(head) as maps:
            head(memory_of(states, (S, S)))
        last = maps[maps.names[-1]]
        shares[pool] = [normalized(last[row, 0][0, 4:]) for row in range(2)]  # of head 0, each (3,)
    assert_close(*shares["attention"])
    assert (shares["hops"][0] - shares["hops"][1]).abs().max() > 0.01


def normalized(weights: Tensor) -> Tensor:
    return weights / weights.sum()
