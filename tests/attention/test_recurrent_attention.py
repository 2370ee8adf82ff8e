"""Additive and multiplicative attention against plain loops over the formulas of their papers."""

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from jumok.attention.record import record
from jumok.attention.recurrent import AdditiveAttention, DotAttention
from reference import gradients, leaf, random_parameters

B, T, S, D = 2, 3, 5, 4
VALID = torch.arange(S) < torch.tensor([[5], [2]])


def additive_score(attention: AdditiveAttention, query: Tensor, state: Tensor) -> Tensor:
    """vᵀ tanh(W q + b + U s), Bahdanau et al., 2015."""
    inner = attention.query.weight @ query + attention.query.bias + attention.key.weight @ state
    return attention.energy.weight[0] @ torch.tanh(inner)


def dot_score(attention: DotAttention, query: Tensor, state: Tensor) -> Tensor:
    """qᵀ W s, Luong et al., 2015."""
    return query @ (attention.key.weight @ state)


CASES = pytest.mark.parametrize(
    "make, score", [(AdditiveAttention, additive_score), (DotAttention, dot_score)], ids=["additive", "dot"]
)


def loops(score, attention, queries: Tensor, states: Tensor, valid: Tensor) -> Tensor:
    rows = []
    for b in range(len(queries)):
        for t in range(queries.shape[1]):
            seen = [s for s in range(states.shape[1]) if valid[b, s]]
            weights = torch.stack([score(attention, queries[b, t], states[b, s]) for s in seen]).exp()
            weights = weights / weights.sum()
            rows.append(sum(weight * states[b, s] for weight, s in zip(weights, seen, strict=True)))
    return torch.stack(rows).view_as(queries)


@CASES
def test_context_is_the_formula(make, score):
    attention, queries, states = random_parameters(make(D)), leaf(B, T, D), leaf(B, S, D)
    context = attention(queries, attention.prepare(states, VALID))
    expected = loops(score, attention, queries, states, VALID)
    wanted = (queries, states, *attention.parameters())
    assert_close(context, expected)
    assert_close(gradients(context, wanted), gradients(expected, wanted))


@CASES
def test_nothing_to_look_at_gives_zeros(make, score):
    attention, queries, states = random_parameters(make(D)), leaf(B, T, D), leaf(B, S, D)
    valid = VALID.clone()
    valid[1] = False
    context = attention(queries, attention.prepare(states, valid))
    assert (context[1] == 0).all() and (context[0] != 0).all()
    assert all(g.isfinite().all() for g in gradients(context, (queries, states, *attention.parameters())))


@CASES
def test_prepared_memory_is_selected(make, score):
    attention, queries, states = random_parameters(make(D)), leaf(3, T, D), leaf(B, S, D)
    sources = torch.tensor([1, 0, 1])
    selected = attention.prepare(states, VALID).select(sources)
    assert_close(
        attention(queries, selected), attention(queries, attention.prepare(states[sources], VALID[sources]))
    )


def test_additive_weights_sum_to_one_and_make_the_context():
    attention, queries, states = random_parameters(AdditiveAttention(D)), leaf(B, T, D), leaf(B, S, D)
    looked = attention.prepare(states, VALID)
    with record(attention) as maps:
        mixed = attention(queries, looked)
    weights = maps[""][:, 0].double()
    assert_close(weights.sum(-1), torch.ones(B, T).double())
    assert (weights[1, :, 2:] == 0).all()
    assert_close(weights @ states, mixed, rtol=1e-6, atol=1e-6)


@CASES
def test_autocast_is_near_float32(make, score):
    attention, queries, states = make(D), torch.randn(B, T, D), torch.randn(B, S, D)
    with torch.autocast("cpu", torch.bfloat16):
        low = attention(queries, attention.prepare(states, VALID))
    high = attention(queries, attention.prepare(states, VALID))
    assert_close(low.float(), high, rtol=0.04, atol=0.04)
