"""Weights on demand: against the formula, against the kernel itself, and never more of them than were asked for."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

import jumok
from jumok import AttentionMap, RunError
from jumok.attention.core import attend
from jumok.attention.recurrent import attend_additively

B, H, T, S, K = 2, 3, 5, 7, 4
EXACT = {torch.float32: 1e-6, torch.bfloat16: 2e-4}
N = 4096


class Calling(nn.Module):
    """Calls a function that attends, as models do."""

    def forward(self, function, *tensors, **options) -> Tensor:
        return function(*tensors, **options)


def recorded(function, *tensors, copies: bool = False, **options) -> AttentionMap:
    model = Calling()
    with jumok.record(model, copies=copies) as maps:
        model(function, *tensors, **options)
    return maps[""]


def kernel(*tensors, **options) -> AttentionMap:
    return recorded(
        lambda *args, **names: F.scaled_dot_product_attention(*args, **names), *tensors, **options
    )


def reference(q, k, mask=None, offset=None, scale=None) -> Tensor:
    """softmax(scale · q kᵀ + bias) (B, H, T, S) in float64, one query and key at a time where it matters."""
    scale = 1 / math.sqrt(q.shape[-1]) if scale is None else scale
    k = k.repeat_interleave(q.shape[1] // k.shape[1], 1)
    scores = torch.einsum("bhtk,bhsk->bhts", q.double(), k.double()) * scale
    if mask is not None:
        bias = (
            torch.zeros(mask.shape).double().masked_fill(~mask, -torch.inf)
            if mask.dtype == torch.bool
            else mask
        )
        scores = scores + bias
    if offset is not None:
        for t in range(q.shape[2]):
            scores[:, :, t, max(0, t + offset + 1) :] = -torch.inf
    weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
    return weights.nan_to_num(0.0)


@st.composite
def calls(draw) -> dict:
    """Any call of the kernel: shapes, groups of heads, mask or bias that broadcasts, causal or not, scale, numbers."""
    batch, groups, repeats = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    targets, sources, width = draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 8))
    heads = groups * repeats
    masked = draw(st.sampled_from(["none", "bool", "bias", "causal"]))
    full = (batch, heads, targets, sources)
    shape = tuple(size if draw(st.booleans()) else 1 for size in full)[draw(st.integers(0, 2)) :]
    return {
        "sizes": (batch, heads, groups, targets, sources, width),
        "masked": masked,
        "mask": shape,
        "scale": draw(st.sampled_from([None, 1.0, 0.3])),
        "dtype": draw(st.sampled_from([torch.float32, torch.bfloat16])),
        "seed": draw(st.integers(0, 2**31)),
    }


@settings(max_examples=80, deadline=None)
@given(call=calls())
def test_weights_are_the_formula(call):
    torch.manual_seed(call["seed"])
    batch, heads, groups, targets, sources, width = call["sizes"]
    dtype = call["dtype"]
    q = torch.randn(batch, heads, targets, width).to(dtype)
    k, v = (torch.randn(batch, groups, sources, width).to(dtype) for _ in range(2))
    causal, mask = call["masked"] == "causal", None
    if call["masked"] == "bool":
        mask = torch.rand(call["mask"]) < 0.7
    if call["masked"] == "bias":
        mask = torch.randn(call["mask"]).to(dtype)
    options = {"is_causal": causal, "scale": call["scale"], "enable_gqa": heads != groups}
    attention = kernel(q, k, v, mask, **options)
    expected = reference(q, k, mask, 0 if causal else None, call["scale"])
    assert (attention[...].double() - expected).abs().max() <= EXACT[dtype]
    if attention.scores.allowed is None:  # torch gives NaN or the mean where there is nothing to look at
        assert attention.check().ok, attention.check()
    example, head, query, key = (size - 1 for size in attention.shape)
    assert torch.equal(attention[example, head, query], attention[...][example, head, query])
    assert torch.allclose(attention[example, head, :, key], attention[...][example, head, :, key], atol=1e-7)
    assert torch.allclose(attention[0, 0, :2, 1:3], attention[...][0, 0, :2, 1:3], atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(call=calls(), causal=st.booleans())
def test_weights_of_our_attention_are_the_formula(call, causal):
    torch.manual_seed(call["seed"])
    batch, heads, _, targets, sources, width = call["sizes"]
    q = torch.randn(batch, heads, targets, width).to(call["dtype"])
    k, v = (torch.randn(batch, heads, sources, width).to(call["dtype"]) for _ in range(2))
    allowed = None if call["masked"] == "none" else torch.rand(call["mask"]) < 0.7
    attention = recorded(attend_here, q, k, v, allowed, causal, call["scale"])
    expected = reference(q, k, allowed, sources - targets if causal else None, call["scale"])
    assert (attention[...].double() - expected).abs().max() <= EXACT[call["dtype"]]
    assert attention.check().ok, attention.check()


def attend_here(*args) -> Tensor:
    return attend(*args)


@settings(max_examples=25, deadline=None)
@given(sizes=st.tuples(*[st.integers(1, 7)] * 4), seed=st.integers(0, 2**31))
def test_additive_weights_are_the_formula(sizes, seed):
    torch.manual_seed(seed)
    batch, targets, sources, width = sizes
    q, k, v = (torch.randn(batch, length, width) for length in (targets, sources, sources))
    energy, valid = torch.randn(width), torch.rand(batch, sources) < 0.7
    attention = recorded(lambda *args: attend_additively(*args), q, k, v, energy, valid)
    scores = torch.einsum("btsd,d->bts", torch.tanh(q[:, :, None] + k[:, None]).double(), energy.double())
    weights = scores.exp() * valid[:, None]
    weights = weights / weights.sum(-1, keepdim=True).clamp(min=1e-300)
    assert (attention[:, 0].double() - weights).abs().max() <= 1e-6
    assert attention.check().ok, attention.check()


@pytest.mark.parametrize("dtype", EXACT)
@pytest.mark.parametrize("masked", ["none", "bool", "bias", "causal"])
def test_the_kernel_gives_the_same_weights_where_values_are_the_identity(dtype, masked):
    q, k = torch.randn(B, H, T, K).to(dtype), torch.randn(B, H, S, K).to(dtype)
    v = torch.eye(S).to(dtype).expand(B, H, S, S)
    mask = {"bool": torch.rand(B, 1, T, S) < 0.7, "bias": torch.randn(H, T, S).to(dtype)}.get(masked)
    if masked == "bool":
        mask[..., 0] = True
    attention = kernel(q, k, v, mask, is_causal=masked == "causal")
    rounding = 1e-6 if dtype == torch.float32 else 1.1 * 2**-8  # of the kernel's own output
    assert (attention[...] - attention.output.float()).abs().max() <= rounding


def test_who_may_look_at_nothing_gives_zeros():
    allowed = torch.ones(T, S, dtype=torch.bool)
    allowed[2] = False
    attention = recorded(attend_here, *qkv(), allowed)
    assert attention[0, 0, 2].tolist() == [0.0] * S
    assert attention[0, 0, 2, 3] == 0 and attention.check().ok
    assert torch.allclose(attention[0, 0].sum(-1), allowed.any(-1).float())


def qkv(targets: int = T, sources: int = S) -> tuple[Tensor, Tensor, Tensor]:
    return torch.randn(B, H, targets, K), torch.randn(B, H, sources, K), torch.randn(B, H, sources, K)


@pytest.mark.parametrize(
    "shapes",
    [
        ((T, K), (S, K)),
        ((H, T, K), (H, S, K)),
        ((1, H, T, K), (B, H, S, K)),
        ((B, H, T, K), (1, 1, S, K)),
        ((2, B, H, T, K), (B, 1, S, K)),
    ],
    ids=str,
)
def test_inputs_of_any_dimensions_broadcast(shapes):
    q, k = torch.randn(shapes[0]), torch.randn(shapes[1])
    attention = kernel(q, k, torch.randn(shapes[1]), torch.rand(T, S) < 2)
    assert attention.check().ok
    scores = (q @ k.transpose(-2, -1) / K**0.5).softmax(-1)
    assert torch.allclose(attention[...], scores.reshape(attention.shape), atol=1e-6)


@pytest.mark.parametrize("recipe, offset", [("causal_upper_left", 0), ("causal_lower_right", S - T)])
def test_a_recipe_of_a_causal_mask_is_read(recipe, offset):
    from torch.nn.attention import bias  # seconds of a processor, for this test alone

    q, k, v = qkv()
    attention = kernel(q, k, v, getattr(bias, recipe)(T, S))
    assert torch.allclose(attention[...].double(), reference(q, k, offset=offset), atol=1e-6)
    assert attention.check().ok


def test_indices_are_those_of_a_tensor():
    attention = kernel(*qkv())
    whole = attention[...]
    assert whole.shape == attention.shape == (B, H, T, S)
    for index in [
        0,
        -1,
        (0, 1),
        (slice(None), 2),
        (..., 3),
        (1, ..., 2),
        (0, slice(None), slice(1, None, 2)),
        (..., slice(2)),
    ]:
        assert torch.allclose(attention[index], whole[index], atol=1e-7), index
    assert attention[1, -1, 4, 6].shape == ()
    assert repr(attention) == "AttentionMap('', examples=2, heads=3, queries=5, keys=7)"


def test_an_index_that_is_not_there_is_refused():
    attention = kernel(*qkv())
    with pytest.raises(IndexError, match="there is no head 3: attention is 2 × 3 × 5 × 7"):
        attention[0, 3]
    with pytest.raises(IndexError, match="four dimensions"):
        attention[0, 0, 0, 0, 0]
    with pytest.raises(ValueError, match="flip"):
        attention[0, 0, ::-1]


def test_what_was_overwritten_is_refused_unless_copied():
    q, k, v = qkv()
    attention, copied = kernel(q, k, v), kernel(q, k, v, copies=True)
    before = copied[...]
    attention.output.zero_()
    assert torch.equal(attention[...], before)  # the weights do not need it
    with pytest.raises(RunError, match="overwritten since"):
        attention.check()
    k.zero_()
    with pytest.raises(RunError, match="overwritten since; ask for the weights before, or use record"):
        attention[0, 0]
    assert torch.equal(copied[...], before) and copied.check().ok


def test_a_check_sees_what_was_overwritten_in_inference_mode():
    with torch.inference_mode():
        q, k, v = qkv()
        attention = kernel(q, k, v)
        assert attention.check().ok
        k.zero_()
        attention._known.clear()
        assert not attention.check().ok


def test_the_gradient_is_that_of_the_weights():
    q, k, v = (part.requires_grad_() for part in qkv())
    model = Calling()
    with jumok.record(model, gradients=True) as maps:
        mixed = model(attend_here, q, k, v)
        target = torch.randn_like(mixed)
        ((mixed - target) ** 2).sum().backward()
    weights = maps[""][...].requires_grad_()
    ((weights @ v.detach() - target) ** 2).sum().backward()
    assert torch.allclose(maps[""].gradient(), weights.grad, atol=1e-5)
    assert torch.allclose(maps[""].gradient(1, 2, 3), weights.grad[1, 2, 3], atol=1e-5)


def test_no_gradient_is_said_so():
    with pytest.raises(RunError, match="gradients=True"):
        kernel(*qkv()).gradient(0, 0, 0)


def test_dropout_leaves_the_weights_as_they_were():
    q, k, v = qkv()
    attention = kernel(q, k, v, dropout_p=0.5)
    assert torch.allclose(attention[...].double(), reference(q, k), atol=1e-6)
    assert attention.check().dropout == 0.5 and attention.check().ok


def test_weights_are_plain_whatever_mode_they_are_asked_in():
    with torch.inference_mode():
        attention = kernel(*qkv())
        first = attention[0, 0, 0]
    second = attention[0, 0, 1]
    with torch.autocast("cpu", torch.bfloat16):
        again = attention[0, 0, 2]
    assert not first.is_inference() and (second + first).requires_grad is False
    assert torch.equal(torch.stack([first, second, again]), attention[0, 0, :3])


def test_weights_are_float32_whatever_the_default_is():
    torch.set_default_dtype(torch.bfloat16)
    try:
        attention = kernel(*(part.float() for part in qkv()))
        assert attention[0].dtype == torch.float32
        assert torch.allclose(attention[0].sum(-1), torch.ones((), dtype=torch.float32), atol=1e-6)
    finally:
        torch.set_default_dtype(torch.float32)


class Largest(TorchDispatchMode):
    """How many numbers the largest tensor has that is made meanwhile."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for one in made if isinstance(made, tuple | list) else [made]:
            if isinstance(one, Tensor):
                self.numbers = max(self.numbers, one.untyped_storage().nbytes() // one.element_size())
        return made


@pytest.mark.parametrize("ask", ["row", "column", "tile", "check"])
def test_no_tensor_of_all_pairs_is_made(ask):
    with Largest() as largest:
        q, k, v = torch.randn(3, 1, 1, N, 8)
        attention = kernel(q, k, v, is_causal=True)
        {
            "row": lambda: attention[0, 0, 5],
            "column": lambda: attention[0, 0, :, 5],
            "tile": lambda: attention[0, 0, :512, :512],
            "check": attention.check,
        }[ask]()
    assert largest.numbers <= N * N // 16
    with largest:
        assert attention[0, 0].shape == (N, N)
    assert largest.numbers == N * N


def test_no_tensor_of_all_pairs_is_made_for_additive_attention():
    S = 1024
    with Largest() as largest:
        q, k, v = torch.randn(3, 1, S, 64)
        attention = recorded(
            lambda *args: attend_additively(*args), q[:, :1], k, v, torch.randn(64), torch.ones(1, S) > 0
        )
        attention[0, 0, 0]
    queries = AttentionMap(
        "", type(attention.scores)(q, k, torch.randn(64), attention.scores.valid), v[:, None], v[:, None]
    )
    with largest:
        queries[0, 0, :, 5]
    assert largest.numbers <= S * S
