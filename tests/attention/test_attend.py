"""Scaled dot-product attention against torch's kernel and against the formula, on both of our paths."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.testing import assert_close

from jumok.attention import core
from jumok.attention.core import attend, attention_weights, causal_mask
from reference import gradients, leaf

B, H, T, S, K = 2, 3, 5, 7, 4
MASKS = ["all", "sources", "pairs", "shared", "heads"]


def mask(kind: str, targets: int = T, sources: int = S) -> Tensor | None:
    """A mask of each shape that broadcasts; every query sees the first source at least."""
    shape = {
        "sources": (B, 1, 1, sources),
        "pairs": (B, H, targets, sources),
        "shared": (targets, sources),
        "heads": (H, 1, sources),
    }
    if kind == "all":
        return None
    allowed = torch.rand(shape[kind]) < 0.6
    allowed[..., 0] = True
    return allowed


def formula(q, k, v, allowed=None, causal=False, scale=None):
    """softmax(scale · q kᵀ) v, written with plain exponentials; nothing to look at gives zeros."""
    weights = torch.exp(q @ k.transpose(-2, -1) * (q.shape[-1] ** -0.5 if scale is None else scale))
    if allowed is not None:
        weights = weights * allowed
    if causal:
        targets, sources = q.shape[-2], k.shape[-2]
        ahead = [[s > t + sources - targets for s in range(sources)] for t in range(targets)]
        weights = weights * ~torch.tensor(ahead)
    return weights / weights.sum(-1, keepdim=True).clamp(min=1e-300) @ v


@pytest.fixture(params=["fused", "explicit"])
def path(request, monkeypatch):
    """Both ways through `attend`, whatever it would choose for float64."""
    monkeypatch.setattr(core, "_explicit_is_faster", lambda q, k: request.param == "explicit")


def inputs(targets: int = T, sources: int = S) -> tuple[Tensor, Tensor, Tensor]:
    return leaf(B, H, targets, K), leaf(B, H, sources, K), leaf(B, H, sources, K)


def assert_same(ours: Tensor, expected: Tensor, qkv: tuple[Tensor, ...]) -> None:
    assert_close(ours, expected, rtol=1e-10, atol=1e-12)
    assert_close(gradients(ours, qkv), gradients(expected, qkv), rtol=1e-10, atol=1e-12)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("scale", [None, 1.0, 0.3])
@pytest.mark.parametrize("kind", MASKS)
def test_attend_is_torchs(kind, scale):
    q, k, v = qkv = inputs()
    allowed = mask(kind)
    bias = None if allowed is None else torch.zeros(allowed.shape).double().masked_fill(~allowed, -torch.inf)
    expected = F.scaled_dot_product_attention(q, k, v, bias, scale=scale)
    assert_same(attend(q, k, v, allowed, scale=scale), expected, qkv)


@pytest.mark.usefixtures("path")
def test_causal_attend_is_torchs():
    q, k, v = qkv = inputs(S, S)
    assert_same(attend(q, k, v, causal=True), F.scaled_dot_product_attention(q, k, v, is_causal=True), qkv)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("targets, sources", [(7, 7), (5, 7), (7, 5), (1, 6)])
@pytest.mark.parametrize("causal", [False, True], ids=["everywhere", "causal"])
@pytest.mark.parametrize("kind", MASKS)
def test_attend_is_the_formula(kind, causal, targets, sources):
    q, k, v = qkv = inputs(targets, sources)
    allowed = mask(kind, targets, sources)
    assert_same(attend(q, k, v, allowed, causal), formula(q, k, v, allowed, causal), qkv)


@pytest.mark.usefixtures("path")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("kind", ["sources", "pairs", "shared"])
def test_blind_row_gives_zeros_and_no_nan(kind, dtype):
    q, k, v = qkv = [leaf(*x.shape, dtype=dtype) for x in inputs()]
    allowed = mask(kind)
    blind = torch.zeros(B, H, T, dtype=torch.bool)
    if kind == "sources":
        allowed[1] = False
        blind[1] = True
    else:
        allowed[..., 2, :] = False
        blind[:, :, 2] = True
    mixed = attend(q, k, v, allowed)
    assert (mixed[blind] == 0).all() and (mixed[~blind] != 0).any(-1).all()
    slopes = gradients(mixed, qkv)
    assert all(slope.isfinite().all() for slope in slopes)
    assert (slopes[0][blind] == 0).all()


@pytest.mark.usefixtures("path")
def test_unseen_values_do_not_matter():
    q, k, v = inputs()
    allowed = mask("sources")
    hidden = (~allowed).transpose(-2, -1)
    changed = attend(q, k.masked_fill(hidden, 50.0), v.masked_fill(hidden, -1e6), allowed)
    assert_close(changed, attend(q, k, v, allowed), rtol=0.0, atol=1e-12)


@pytest.mark.parametrize("causal", [False, True], ids=["everywhere", "causal"])
@pytest.mark.parametrize("kind", MASKS)
def test_bfloat16_on_the_tape_is_near_float64(kind, causal):
    low = [leaf(*x.shape, dtype=torch.bfloat16) for x in inputs()]
    high = [x.detach().double().requires_grad_() for x in low]
    allowed = mask(kind)
    ours, expected = attend(*low, allowed, causal), formula(*high, allowed, causal)
    assert ours.dtype == torch.bfloat16
    assert_close(ours.double(), expected, rtol=0.02, atol=0.02)
    for low_gradient, gradient in zip(gradients(ours, low), gradients(expected, high), strict=True):
        assert_close(low_gradient.double(), gradient, rtol=0.03, atol=0.05)


@pytest.mark.parametrize(
    "dtype, on_tape, sources, explicit",
    [
        (torch.bfloat16, True, 512, True),
        (torch.bfloat16, True, 513, False),
        (torch.bfloat16, False, 7, False),
        (torch.float32, True, 7, False),
    ],
)
def test_explicit_path_is_for_short_bfloat16_training(monkeypatch, dtype, on_tape, sources, explicit):
    calls = []
    real = core._explicit
    monkeypatch.setattr(core, "_explicit", lambda *given: calls.append(1) or real(*given))
    q, k, v = (
        torch.randn(1, 1, length, 4, dtype=dtype, requires_grad=on_tape) for length in (3, sources, sources)
    )
    attend(q, k, v)
    with torch.no_grad():
        attend(q, k, v)
    assert len(calls) == int(explicit)


@pytest.mark.parametrize("causal", [False, True], ids=["everywhere", "causal"])
@pytest.mark.parametrize("kind", MASKS)
def test_weights_are_what_attend_uses(kind, causal):
    q, k, v = inputs()
    allowed = mask(kind)
    weights = attention_weights(q, k, allowed, causal, scale=0.7)
    assert weights.shape == (B, H, T, S)
    assert_close(weights.sum(-1), torch.ones(B, H, T).double())
    assert_close(weights @ v, attend(q, k, v, allowed, causal, scale=0.7), rtol=1e-10, atol=1e-12)


def test_weights_default_scale_and_blind_row():
    q, k, v = inputs()
    allowed = torch.ones(B, 1, T, S, dtype=torch.bool)
    allowed[0, :, 3] = False
    weights = attention_weights(q, k, allowed)
    assert (weights[0, :, 3] == 0).all()
    assert_close(weights @ v, attend(q, k, v, allowed), rtol=1e-10, atol=1e-12)
    assert all(gradient.isfinite().all() for gradient in gradients(weights, (q, k)))


def test_weights_show_a_broken_model():
    q, k, _ = inputs()
    broken = q.detach().clone()
    broken[1, 2, 3] = torch.nan
    weights = attention_weights(broken, k, mask("sources"))
    assert weights[1, 2, 3].isnan().any() and weights[0].isfinite().all()


def test_weights_of_bfloat16_are_float32():
    q, k, _ = (x.detach().bfloat16() for x in inputs())
    weights = attention_weights(q, k)
    assert weights.dtype == torch.float32
    assert_close(weights.double(), attention_weights(q.double(), k.double()), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("targets, sources", [(4, 4), (2, 5), (5, 2)])
def test_causal_mask_lets_the_last_target_see_all(targets, sources):
    past = causal_mask(targets, sources, torch.device("cpu"))
    assert past.tolist() == [[s <= t + sources - targets for s in range(sources)] for t in range(targets)]


@pytest.mark.usefixtures("path")
def test_dropout_drops_weights():
    q, k, v = torch.randn(40, H, T, K), torch.randn(40, H, S, K), torch.eye(S).expand(40, H, S, S)
    dropped, weights = attend(q, k, v, dropout=0.25), attention_weights(q, k)
    kept = dropped != 0
    assert abs(kept.float().mean() - 0.75) < 0.03
    assert_close(dropped[kept], weights[kept] / 0.75)
