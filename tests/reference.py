"""How our parts are compared with torch's: one naming of weights, and gradients that miss nothing."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from jumok.attention.multihead import MultiHeadAttention
from jumok.layers.transformer import TransformerDecoderLayer, TransformerEncoderLayer

Of = Callable[[nn.Parameter], Tensor]
Named = dict[str, Tensor]


def value(parameter: nn.Parameter) -> Tensor:
    return parameter.detach()


def gradient(parameter: nn.Parameter) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def random_parameters(module: nn.Module) -> nn.Module:
    """The module in float64 and with no parameter at its first value (zeros and ones hide faults)."""
    module.double()
    for parameter in module.parameters():
        parameter.data.normal_(0.0, 0.4)
    return module


def weighted(output: Tensor) -> Tensor:
    """A scalar in which each element of output counts differently, the same for two outputs of one shape."""
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    return (output * weights.to(output.dtype)).sum()


def gradients(output: Tensor, wanted: Iterable[Tensor]) -> tuple[Tensor, ...]:
    return torch.autograd.grad(weighted(output), tuple(wanted))


def leaf(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """A random input that wants a gradient."""
    return torch.randn(shape, dtype=torch.float64).to(dtype).requires_grad_()


def assert_torch_learns_the_same(theirs: nn.Module, ours: Named) -> None:
    """Every parameter of torch's module has the gradient that ours has under torch's name."""
    assert_close(ours, {name: gradient(p) for name, p in theirs.named_parameters()})


def prefixed(prefix: str, named: Named) -> Named:
    return {prefix + name: tensor for name, tensor in named.items()}


def affine_as_torch(ours: nn.Linear | nn.LayerNorm, of: Of) -> Named:
    return {"weight": of(ours.weight), "bias": of(ours.bias)}


def attention_as_torch(ours: MultiHeadAttention, of: Of) -> Named:
    """Our projections under the names of nn.MultiheadAttention, which stacks three of them in one matrix."""
    three = (ours.query, ours.key, ours.value)
    return {
        "in_proj_weight": torch.cat([of(linear.weight) for linear in three]),
        "in_proj_bias": torch.cat([of(linear.bias) for linear in three]),
        **prefixed("out_proj.", affine_as_torch(ours.out, of)),
    }


def encoder_layer_as_torch(ours: TransformerEncoderLayer, of: Of) -> Named:
    return {
        **prefixed("self_attn.", attention_as_torch(ours.attention, of)),
        **prefixed("linear1.", affine_as_torch(ours.feedforward.widen, of)),
        **prefixed("linear2.", affine_as_torch(ours.feedforward.narrow, of)),
        **prefixed("norm1.", affine_as_torch(ours.attention_residual.norm, of)),
        **prefixed("norm2.", affine_as_torch(ours.feedforward_residual.norm, of)),
    }


def decoder_layer_as_torch(ours: TransformerDecoderLayer, of: Of) -> Named:
    return {
        **prefixed("self_attn.", attention_as_torch(ours.attention, of)),
        **prefixed("multihead_attn.", attention_as_torch(ours.cross, of)),
        **prefixed("linear1.", affine_as_torch(ours.feedforward.widen, of)),
        **prefixed("linear2.", affine_as_torch(ours.feedforward.narrow, of)),
        **prefixed("norm1.", affine_as_torch(ours.attention_residual.norm, of)),
        **prefixed("norm2.", affine_as_torch(ours.cross_residual.norm, of)),
        **prefixed("norm3.", affine_as_torch(ours.feedforward_residual.norm, of)),
    }


def stack_as_torch(layers: Iterable[Named]) -> Named:
    return {f"layers.{i}.{name}": tensor for i, layer in enumerate(layers) for name, tensor in layer.items()}
