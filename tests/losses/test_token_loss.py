"""The chunked cross-entropy against torch's, which holds all logits."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.testing import assert_close

from jumok.layers.embedding import TokenEmbedding, TokenOutput
from jumok.losses import tokens as module
from jumok.losses.tokens import token_loss
from reference import leaf, random_parameters

B, T, D, V = 3, 7, 5, 11
VALID = torch.arange(T) < torch.tensor([[7], [4], [0]])
SMOOTHING = pytest.mark.parametrize("smoothing", [0.0, 0.1])


@pytest.fixture(params=[1, 4, 11, 1024], ids="chunk={}".format)
def chunk(request, monkeypatch):
    """Positions at a time: one, some, just all and more than all of the 11."""
    monkeypatch.setattr(module, "CHUNK_POSITIONS", request.param)


def problem(dtype: torch.dtype = torch.float64) -> tuple[TokenOutput, Tensor, Tensor]:
    output = random_parameters(TokenOutput(V, D)).to(dtype)
    return output, leaf(B, T, D, dtype=dtype), torch.randint(V, (B, T))


def torchs(output: TokenOutput, hidden: Tensor, targets: Tensor, valid: Tensor, smoothing: float) -> Tensor:
    wanted = targets.masked_fill(~valid, -100)
    return F.cross_entropy(
        output(hidden).flatten(0, 1), wanted.flatten(), reduction="sum", label_smoothing=smoothing
    )


def assert_same(ours: Tensor, expected: Tensor, wanted: list[Tensor]) -> None:
    assert_close(ours, expected, rtol=1e-10, atol=1e-10)
    got, needed = (torch.autograd.grad(loss * 0.37, wanted) for loss in (ours, expected))
    assert_close(got, needed, rtol=1e-10, atol=1e-10)


@pytest.mark.usefixtures("chunk")
@SMOOTHING
def test_loss_is_torchs(smoothing):
    output, hidden, targets = problem()
    loss = token_loss(output, hidden, targets, VALID, smoothing)
    wanted = [hidden, output.weight, output.bias]
    assert_same(loss.total, torchs(output, hidden, targets, VALID, smoothing), wanted)
    assert loss.count == 11


@pytest.mark.usefixtures("chunk")
@SMOOTHING
def test_gradients_are_the_slopes(smoothing):
    output, hidden, targets = problem()

    def loss(hidden: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        rows, wanted = hidden[VALID], targets[VALID]
        return module._ChunkedCrossEntropy.apply(rows, weight, bias, wanted, smoothing, hidden.dtype, True)[0]

    assert torch.autograd.gradcheck(loss, (hidden, output.weight, output.bias))


@pytest.mark.usefixtures("chunk")
@SMOOTHING
def test_tied_table_gets_both_gradients(smoothing):
    embedding = TokenEmbedding(V, D)
    output = random_parameters(TokenOutput(V, D, tied=embedding))
    read, targets = torch.randint(V, (B, T)), torch.randint(V, (B, T))

    def hidden() -> Tensor:
        return torch.tanh(embedding(read))

    ours = token_loss(output, hidden(), targets, VALID, smoothing).total
    expected = torchs(output, hidden(), targets, VALID, smoothing)
    assert_same(ours, expected, [embedding.table, output.bias])


@pytest.mark.usefixtures("chunk")
def test_correct_counts_right_guesses():
    output, hidden, targets = problem()
    guesses = output(hidden).argmax(-1)
    right = torch.rand(B, T) < 0.5
    loss = token_loss(output, hidden, torch.where(right, guesses, (guesses + 1) % V), VALID)
    assert loss.correct == int((right & VALID).sum())
    assert type(loss.correct) is type(loss.count) is int


def test_padding_is_free():
    output, hidden, targets = problem()
    loss = token_loss(output, hidden, targets, VALID).total
    noise = torch.where(VALID[:, :, None], hidden, 1e9)
    assert_close(token_loss(output, noise, (targets + ~VALID) % V, VALID).total, loss)
    assert (torch.autograd.grad(loss, hidden)[0][~VALID] == 0).all()


def test_large_logits_stay_finite():
    output, hidden, targets = problem(torch.float32)
    huge = (hidden * 1e4).detach().requires_grad_()
    loss = token_loss(output, huge, targets, VALID, 0.1).total
    assert_close(loss, torchs(output, huge, targets, VALID, 0.1))
    assert torch.autograd.grad(loss, huge)[0].isfinite().all()


def test_nothing_to_say_costs_nothing():
    output, hidden, targets = problem()
    loss = token_loss(output, hidden, targets, torch.zeros_like(VALID))
    assert loss.total == 0 and loss.count == loss.correct == 0
    assert all((g == 0).all() for g in torch.autograd.grad(loss.total, [hidden, *output.parameters()]))


def test_no_gradient_under_no_grad():
    output, hidden, targets = problem()
    with torch.no_grad():
        loss = token_loss(output, hidden, targets, VALID, 0.1).total
    assert not loss.requires_grad
    assert_close(loss, torchs(output, hidden, targets, VALID, 0.1).detach())


@SMOOTHING
def test_autocast_is_near_float32(smoothing):
    output, hidden, targets = problem(torch.float32)
    wanted = [hidden, output.weight, output.bias]
    with torch.autocast("cpu", torch.bfloat16):
        loss = token_loss(output, hidden, targets, VALID, smoothing).total
    expected = torchs(output, hidden, targets, VALID, smoothing)
    assert loss.dtype == torch.float32
    assert_close(loss, expected, rtol=0.01, atol=0.05)
    for ours, theirs in zip(
        torch.autograd.grad(loss, wanted), torch.autograd.grad(expected, wanted), strict=True
    ):
        assert ours.dtype == torch.float32
        assert_close(ours, theirs, rtol=0.05, atol=0.05)


def test_bfloat16_hidden_gets_a_bfloat16_gradient():
    output, hidden, targets = problem(torch.float32)
    low = hidden.detach().bfloat16().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        loss = token_loss(output, low, targets, VALID).total
    loss.backward()
    assert low.grad.dtype == torch.bfloat16 and output.weight.grad.dtype == torch.float32
