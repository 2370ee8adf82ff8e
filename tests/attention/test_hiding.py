"""Keys are hidden while a model runs: its softmax shares their weight among the others, and nothing stays behind."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.testing import assert_close
from torch.utils.checkpoint import checkpoint

from jumok import record
from jumok.attention import core, recurrent
from jumok.attention.masking import AttentionSite, mask_attention
from jumok.attention.multihead import MultiHeadAttention
from jumok.attention.recurrent import AdditiveAttention
from jumok.errors import RunError
from small_models import READABLE, WRITABLE, logits_of, padded, small_model

B, T, S, D, H = 2, 5, 7, 12, 3
CROSS = "decoders.target.layers.0.cross"
EVERY_HEAD = AttentionSite("core")


class Kernel(nn.Module):
    """A module that calls a kernel with what it is given."""

    def __init__(self, function, **options: object) -> None:
        super().__init__()
        self.function, self.options = function, options

    def forward(self, *parts: Tensor) -> Tensor:
        function = getattr(*self.function)  # as a module looks a function up: when it calls it
        return function(*parts, **self.options)


class Holder(nn.Module):
    def __init__(self, core: nn.Module) -> None:
        super().__init__()
        self.core = core

    def forward(self, *parts: Tensor) -> Tensor:
        return self.core(*parts)


def kernel(**options: object) -> Holder:
    return Holder(Kernel((F, "scaled_dot_product_attention"), **options))


def attending(**options: object) -> Holder:
    return Holder(Kernel((core, "attend"), **options))


def parts(*shape: int, S: int = S) -> tuple[Tensor, Tensor, Tensor]:
    q = torch.randn(*shape, 4, dtype=torch.float64)
    k, v = torch.randn(2, *shape[:-1], S, 4, dtype=torch.float64)
    return q, k, v


def plain(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor, bias: Tensor | float = 0.0) -> Tensor:
    """softmax(q kᵀ / √K + bias) v over what is allowed; zeros where that is nothing."""
    scores = (q @ k.mT * q.shape[-1] ** -0.5 + bias).masked_fill(~allowed, -torch.inf)
    return scores.softmax(-1).nan_to_num(0.0) @ v


def everything(T: int = T, S: int = S) -> Tensor:
    return torch.ones(B, H, T, S, dtype=torch.bool)


KEYS = torch.rand(B, 1, 1, S, generator=torch.Generator().manual_seed(3)) > 0.2
BIAS = torch.randn(1, H, T, S, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
MASKS = {
    "nothing": ({}, everything(), 0.0),
    "keys": ({"attn_mask": KEYS}, KEYS.expand(B, H, T, S), 0.0),
    "bias": ({"attn_mask": BIAS}, everything(), BIAS),
    "causal": ({"is_causal": True}, everything().tril(), 0.0),
}


@pytest.mark.parametrize(("options", "allowed", "bias"), MASKS.values(), ids=MASKS.keys())
@pytest.mark.parametrize(
    "place", [AttentionSite("core"), AttentionSite("core", head=1), AttentionSite("core", call=0, head=-1)]
)
@pytest.mark.parametrize("keys", [[2], [0, 3, -1], None], ids=["one", "three", "all"])
@pytest.mark.parametrize("queries", [None, [1, 4]], ids=["every", "two"])
@pytest.mark.parametrize("examples", [None, [1]], ids=["batch", "second"])
def test_kernel_computes_as_if_masked(options, allowed, bias, place, keys, queries, examples):
    q, k, v = parts(B, H, T)
    allowed = allowed.clone()
    for b in range(B) if examples is None else examples:
        for h in range(H) if place.head is None else [place.head]:
            for t in range(T) if queries is None else queries:
                allowed[b, h, t, range(S) if keys is None else keys] = False
    model = kernel(**options)
    with mask_attention(model, [place], keys, queries, examples) as hiding, record(model) as maps:
        output = model(q, k, v)
    assert_close(output, plain(q, k, v, allowed, bias))
    assert hiding.changed == 1
    assert maps["core"].check().ok and not maps["core"][...][~allowed].any()


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", [None, KEYS], ids=["all", "some"])
def test_attend_computes_as_if_masked(causal, mask):
    q, k, v = parts(B, H, T)
    model = attending(causal=causal, allowed=mask)
    allowed = everything() if mask is None else KEYS.expand(B, H, T, S).clone()
    allowed = allowed.tril(S - T) if causal else allowed
    allowed[:, 1, 3, [0, 5]] = False
    with mask_attention(model, [AttentionSite("core", head=1)], [0, 5], [3]), record(model) as maps:
        output = model(q, k, v)
    assert_close(output, plain(q, k, v, allowed))
    assert maps["core"].check().ok and not maps["core"][...][~allowed].any()


@pytest.mark.parametrize("shape", [(T,), (H, T), (2, 3, H, T)], ids=["flat", "rows", "five"])
def test_kernels_take_any_number_of_dimensions(shape):
    q, k, v = parts(*shape)
    model, allowed = kernel(), torch.ones(*shape, S, dtype=torch.bool)
    allowed[..., 2, 4] = False
    if len(shape) == 4:
        allowed[:] = True
        allowed[1, 1, 0, 2, 4] = False
    head, example = (0, 4) if len(shape) == 4 else (None, None)
    with mask_attention(
        model, [AttentionSite("core", head=head)], [4], [2], None if example is None else [example]
    ):
        output = model(q, k, v)
    assert_close(output, plain(q, k, v, allowed))


def test_grouped_heads_are_hidden_from_one_by_one():
    q, (_, k, v) = parts(B, 4, T)[0], parts(B, 2, T)
    allowed = torch.ones(B, 4, T, S, dtype=torch.bool)
    allowed[:, 3, :, 1] = False
    model = kernel(enable_gqa=True)
    with mask_attention(model, [AttentionSite("core", head=3)], [1]):
        output = model(q, k, v)
    assert_close(output, plain(q, *(part.repeat_interleave(2, 1) for part in (k, v)), allowed))


@pytest.mark.parametrize("queries", [None, [0, 2]], ids=["every", "two"])
@pytest.mark.parametrize("examples", [None, [1]], ids=["batch", "second"])
@pytest.mark.parametrize("keys", [[0, 3], None], ids=["two-keys", "all-keys"])
def test_additive_attention_computes_as_if_masked(queries, examples, keys):
    model = Holder(AdditiveAttention(D)).double()
    asked, states = torch.randn(B, T, D).double(), torch.randn(B, S, D).double()
    valid = torch.arange(S) < torch.tensor([[S], [4]])
    allowed = valid[:, None].repeat(1, T, 1)
    for b in range(B) if examples is None else examples:
        for t in range(T) if queries is None else queries:
            allowed[b, t, range(S) if keys is None else keys] = False
    looked = model.core.prepare(states, valid)
    expected = torch.stack(
        [
            recurrent.attend_additively(
                model.core.query(asked)[:, t : t + 1],
                looked.keys,
                states,
                model.core.energy.weight[0],
                allowed[:, t],
            )
            for t in range(T)
        ],
        1,
    ).squeeze(2)
    with mask_attention(model, [EVERY_HEAD], keys, queries, examples), record(model) as maps:
        output = model(asked, looked)
    assert_close(output, expected)
    assert maps["core"].check().ok and not maps["core"][:, 0][~allowed].any()


def test_blocks_can_be_nested():
    q, k, v = parts(B, H, T)
    model, allowed = kernel(), everything()
    allowed[:, 0, :, 1] = False
    allowed[:, 1, 2] = False
    with (
        mask_attention(model, [AttentionSite("core", head=0)], [1]),
        mask_attention(model, [AttentionSite("core", head=1)], None, [2]),
    ):
        output = model(q, k, v)
    assert_close(output, plain(q, k, v, allowed))


def test_nested_blocks_of_additive_attention():
    model = Holder(AdditiveAttention(D)).double()
    asked, states = torch.randn(B, T, D).double(), torch.randn(B, S, D).double()
    looked = model.core.prepare(states, torch.ones(B, S, dtype=torch.bool))
    with (
        record(model) as maps,
        mask_attention(model, [EVERY_HEAD], [1], [0, 2]),
        mask_attention(model, [EVERY_HEAD], [4], [2, 3]),
    ):
        model(asked, looked)
    gone = torch.zeros(B, T, S, dtype=torch.bool)
    gone[:, [0, 2], 1] = True
    gone[:, [2, 3], 4] = True
    weights = maps["core"][:, 0]
    assert torch.equal(weights == 0, gone) and maps["core"].check().ok


def test_only_the_named_call_changes():
    q, k, v = parts(B, H, T)
    model = kernel()
    before = model(q, k, v)
    with mask_attention(model, [AttentionSite("core", call=1)], [2]) as hiding:
        outputs = [model(q, k, v) for _ in range(3)]
    assert [torch.equal(output, before) for output in outputs] == [True, False, True]
    assert hiding.changed == 1


def test_only_the_named_module_of_a_model_changes():
    model = small_model("transformer-sinusoidal", "transformer-rotary")
    source, target = padded([5, 3], READABLE), padded([4, 2], WRITABLE)
    with record(model) as before:
        logits_of(model, source, target.values)
    with mask_attention(model, [AttentionSite(CROSS, head=1)], [2], [3], [0]), record(model) as after:
        logits_of(model, source, target.values)
    first = "decoders.target.layers.0.attention"
    assert_close(after[first][...], before[first][...])
    changed = (after[CROSS][...] - before[CROSS][...]).abs().amax(-1) > 1e-6
    assert changed.nonzero().tolist() == [[0, 1, 3]]
    row = before[CROSS][0, 1, 3].clone()
    row[2] = 0
    assert_close(after[CROSS][0, 1, 3], row / row.sum())


def test_step_by_step_is_all_at_once():
    model = small_model("transformer-sinusoidal", "transformer-rotary").eval()
    source, target = padded([5], READABLE), padded([4], WRITABLE)
    with mask_attention(model, [AttentionSite(CROSS)], [1, 2], [3]):
        expected = logits_of(model, source, target.values)[:, 3]
    decoder, memory = model.decoders["target"], model.encode({"source": source}).joined
    with mask_attention(model, [AttentionSite(CROSS, call=3)], [1, 2]):
        state = decoder.start(memory)
        for t in range(4):
            logits, state = decoder.step(target.values[:, t], state)
    assert_close(logits, expected)


def test_nothing_stays_behind():
    functions = F.scaled_dot_product_attention, core.attend, recurrent.attend_additively
    model = Holder(MultiHeadAttention(D, H)).double()
    x, memory = torch.randn(B, T, D).double(), torch.randn(B, S, D).double()
    before, weights = model(x, memory), {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(KeyError), mask_attention(model, [EVERY_HEAD], None):
        assert not torch.equal(model(x, memory), before)
        raise KeyError
    assert torch.equal(model(x, memory), before)
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
    assert functions == (F.scaled_dot_product_attention, core.attend, recurrent.attend_additively)


def test_other_models_are_left_alone():
    model, other = kernel(), kernel()
    q, k, v = parts(B, H, T)
    expected = other(q, k, v)
    with mask_attention(model, [EVERY_HEAD], None):
        assert torch.equal(other(q, k, v), expected)


def test_gradients_are_those_of_the_mask():
    q, k, v = (part.requires_grad_() for part in parts(B, H, T))
    model, allowed = kernel(is_causal=True), everything().tril()
    allowed[:, 2, 4, 1] = False
    expected = torch.autograd.grad(plain(q, k, v, allowed).square().sum(), (q, k, v))
    with mask_attention(model, [AttentionSite("core", head=2)], [1], [4]):
        found = torch.autograd.grad(model(q, k, v).square().sum(), (q, k, v))
    assert_close(found, expected)


def test_a_head_that_is_off_gives_zeros_and_no_gradient():
    q, k, v = (part.requires_grad_() for part in parts(B, H, T))
    model = kernel()
    with mask_attention(model, [AttentionSite("core", head=2)], None):
        output = model(q, k, v)
        output.square().sum().backward()
    assert not output[:, 2].any() and output[:, :2].all()
    assert not any(part.grad[:, 2].any() for part in (q, k, v))
    assert all(part.grad.isfinite().all() for part in (q, k, v))


class Checkpointed(Holder):
    def forward(self, *parts: Tensor) -> Tensor:
        return checkpoint(self.core, *parts, use_reentrant=False)


def test_checkpoints_hide_on_the_way_back_too():
    q, k, v = (part.requires_grad_() for part in parts(B, H, T))
    model, allowed = Checkpointed(kernel().core), everything()
    allowed[..., 3] = False
    expected = torch.autograd.grad(plain(q, k, v, allowed).square().sum(), (q, k, v))
    with mask_attention(model, [EVERY_HEAD], [3]):
        found = torch.autograd.grad(model(q, k, v).square().sum(), (q, k, v))
    assert_close(found, expected)
    with (
        mask_attention(model, [AttentionSite("core", call=0)], [3]),
        pytest.raises(RunError, match="checkpointing"),
    ):
        model(q, k, v).sum().backward()


def test_numbers_that_a_call_does_not_have_are_passed_over():
    q, k, v = parts(B, H, T)
    model = kernel()
    with mask_attention(model, [EVERY_HEAD], [2], [T]) as hiding:
        assert torch.equal(model(q, k, v), model(q, k, v))
    assert hiding.changed == 0


def test_unknown_places_are_refused():
    model = kernel()
    with (
        pytest.raises(RunError, match="no module 'cores'; did you mean 'core'"),
        mask_attention(model, [AttentionSite("cores")], [0]),
    ):
        pass
    with (
        pytest.raises(RunError, match="no head 3"),
        mask_attention(model, [AttentionSite("core", head=3)], [0]),
    ):
        model(*parts(B, H, T))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("mask", [None, BIAS], ids=["mask", "bias"])
def test_narrow_numbers(dtype, mask):
    q, k, v = (part.to(dtype) for part in parts(B, H, T))
    bias = None if mask is None else mask.to(dtype)
    model = kernel(attn_mask=bias)
    with (
        mask_attention(model, [AttentionSite("core", head=0)], None),
        mask_attention(model, [AttentionSite("core", head=1)], [2]),
        record(model) as maps,
    ):
        output = model(q, k, v)
    assert output.isfinite().all() and not output[:, 0].any()
    assert maps["core"].check().ok
