"""Backbones of timm: networks for images, most of them with pretrained weights."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn

from jumok.encoders.levels import levels_of, pad_to_multiple
from jumok.encoders.pretrained import WeightSource, load_pretrained
from jumok.encoders.windows import ShiftedWindowBlock
from jumok.errors import ConfigurationError, did_you_mean
from jumok.layers.convolution import bear_lone_values

TESTED = (
    "resnet18",
    "resnet50",
    "vgg16_bn",
    "mobilenetv3_large_100",
    "swin_tiny_patch4_window7_224",
    "tf_efficientnet_lite0",
)
ANY_SIZE: tuple[dict[str, Any], ...] = ({"dynamic_img_size": True}, {"strict_img_size": False})


class Backbone(nn.Module):
    """The feature levels of a timm model with the given strides, from fine to coarse; deeper stages are not built.

    `weights` is a safetensors file of the model, "default" for the weights on timm's hub, or None for random weights,
    which downloads nothing. With `frozen_norm`, batch norms keep their pretrained statistics, for small batches.
    """

    def __init__(
        self,
        name: str,
        strides: Sequence[int] = (8, 16, 32),
        weights: Path | Literal["default"] | None = None,
        frozen_norm: bool = False,
    ) -> None:
        super().__init__()
        require_known(name)
        levels = levels_of(strides, strides_of(name), f"backbone {name!r}")
        self.network = feature_network(name, tuple(levels))
        self.strides = tuple(strides)
        self.channels: tuple[int, ...] = tuple(self.network.feature_info.channels())
        self.mean, self.std = (tuple(self.network.pretrained_cfg[key]) for key in ("mean", "std"))
        self.source: WeightSource | None = None
        if weights is not None:
            self.source = load_pretrained(self.network, name, weights)
        bear_lone_values(self.network)
        self.frozen_norm = frozen_norm
        if frozen_norm:
            for norm in self.batch_norms():
                norm.requires_grad_(False)
        self.train()

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Images (B, 3, Y, X), normalised, to the maps (B, C, Y / stride, X / stride) of the wanted levels.

        Zeros are added at the right and the bottom until both sides divide by the coarsest stride.
        """
        return by_channels(self.network, self.network(pad_to_multiple(images, self.strides[-1])))

    def train(self, mode: bool = True) -> Self:
        """Set the training mode; frozen batch normalizations stay in evaluation mode."""
        super().train(mode)
        if self.frozen_norm:
            for norm in self.batch_norms():
                norm.eval()
        return self

    def batch_norms(self) -> Iterator[nn.Module]:
        """All two-dimensional batch normalizations of the network."""
        return (part for part in self.modules() if isinstance(part, nn.BatchNorm2d))


def require_known(name: str) -> None:
    """Check that timm has a model of this name, with or without the tag of its weights; raises ConfigurationError."""
    import timm  # takes a second to load

    known = [*timm.list_models(), *timm.list_pretrained()]
    if name not in known:
        hint = did_you_mean(name, get_close_matches(name, known, n=1) or TESTED)
        raise ConfigurationError(f"timm has no backbone {name!r}{hint}")


def strides_of(name: str) -> list[int]:
    """The strides of all levels of a backbone, from fine to coarse, found by a forward pass on the meta device."""
    with torch.device("meta"), torch.no_grad():  # neither memory nor time: only the plan is looked at
        network = feature_network(name).eval()
        strides = [level["reduction"] for level in network.feature_info.info]
        size = (3 * max(strides), 5 * max(strides))  # neither square nor a size that models are built for
        try:
            maps = by_channels(network, network(torch.empty(1, 3, *size)))
        except Exception as error:  # what a model does not like about a size, each says in its own way
            raise unsupported_backbone(name, str(error)) from None
    for level, stride in zip(maps, network.feature_info.reduction(), strict=True):
        if level.shape[2:] != (size[0] // stride, size[1] // stride):
            raise unsupported_backbone(name, f"a level of stride {stride} comes as {tuple(level.shape)}")
    return strides


def feature_network(name: str, levels: tuple[int, ...] | None = None) -> Any:
    """The part of a timm model that computes these levels, for images of any size if the model supports it."""
    import timm
    from timm.models import get_pretrained_cfg

    known = get_pretrained_cfg(name)
    options: list[dict[str, Any]] = [*ANY_SIZE, {}] if known is not None and known.fixed_input_size else [{}]
    reason = ""
    for option in options:
        try:
            network = timm.create_model(name, features_only=True, out_indices=levels, **option)
        except TypeError as error:  # does not know the option
            reason = str(error)
        except (RuntimeError, AttributeError, AssertionError) as error:
            raise unsupported_backbone(name, str(error)) from None
        else:
            return with_windows_for_any_size(without_unread_stages(network))
    raise unsupported_backbone(name, reason)


def without_unread_stages(network: Any) -> Any:
    """Remove the stages after the last level; timm's MobileNet and EfficientNet would compute them."""
    wanted = getattr(network, "_stage_out_idx", None)
    if wanted and hasattr(network, "blocks"):
        network.blocks = network.blocks[: max(wanted)]
    return network


def unsupported_backbone(name: str, reason: str) -> ConfigurationError:
    """The error for a backbone that cannot give feature levels, with timm's reason."""
    why = f" ({' '.join(reason.split())})" if reason else ""
    return ConfigurationError(
        f"backbone {name!r} does not give feature levels of images of any size{why}; choose another"
    )


def by_channels(network: Any, maps: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The maps of a network as (B, C, Y, X); some networks have the channels last."""
    if getattr(network, "output_fmt", None) == "NHWC":
        return tuple(level.permute(0, 3, 1, 2) for level in maps)
    return tuple(maps)


def with_windows_for_any_size(network: nn.Module) -> nn.Module:
    """Let a Swin Transformer shift and pad its windows by the size of each image; other networks are unchanged."""
    from timm.models.swin_transformer import SwinTransformerStage

    for stage in network.modules():
        if isinstance(stage, SwinTransformerStage):
            stage.blocks = nn.Sequential(*(ShiftedWindowBlock(block) for block in stage.blocks))
    return network
