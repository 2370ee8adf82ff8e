"""The feature pyramid against torchvision's, with the same weights."""

from collections import OrderedDict

import pytest
import torch
from torch.testing import assert_close
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from jumok.necks.pyramid import FeaturePyramid
from reference import gradient, gradients, leaf, random_parameters, weighted

B, D = 2, 6
CHANNELS = (3, 5, 7)
SIZES = [(13, 18), (7, 9), (4, 5)]  # odd ones, as of images that do not divide


def maps() -> tuple[torch.Tensor, ...]:
    return tuple(leaf(B, count, *size) for count, size in zip(CHANNELS, SIZES, strict=True))


def as_torchvision(ours: FeaturePyramid, of) -> dict[str, torch.Tensor]:
    names = [("inner_blocks", ours.lateral), ("layer_blocks", ours.smooth)]
    named = {
        f"{name}.{i}.0.{kind}": of(getattr(part, kind))
        for name, parts in names
        for i, part in enumerate(parts)
        for kind in ("weight", "bias")
    }
    for number, part in enumerate(ours.coarser):
        named |= {
            f"extra_blocks.p{6 + number}.{kind}": of(getattr(part, kind)) for kind in ("weight", "bias")
        }
    return named


@pytest.mark.parametrize("extra", [0, 2])
def test_pyramid_is_torchvisions(extra):
    ours = random_parameters(FeaturePyramid(CHANNELS, D, extra))
    more = LastLevelP6P7(D, D) if extra else None
    theirs = FeaturePyramidNetwork(list(CHANNELS), D, extra_blocks=more).double()
    theirs.load_state_dict(as_torchvision(ours, lambda parameter: parameter.detach()))
    given = maps()
    expected = theirs(OrderedDict((str(i), level) for i, level in enumerate(given)))
    found = ours(given)
    assert len(found) == len(expected) == len(ours.channels) == 3 + extra
    for one, other in zip(found, expected.values(), strict=True):
        assert_close(one, other)
    sum(weighted(level) for level in found).backward()
    sum(weighted(level) for level in expected.values()).backward()
    assert_close(as_torchvision(ours, gradient), {name: gradient(p) for name, p in theirs.named_parameters()})


def test_coarse_levels_reach_fine_ones_and_not_the_reverse():
    given = maps()
    levels = random_parameters(FeaturePyramid(CHANNELS, D))(given)
    assert all((grad != 0).any() for grad in gradients(levels[0], given))
    (upwards,) = torch.autograd.grad(weighted(levels[2]), given[:1], allow_unused=True)
    assert upwards is None


def test_each_extra_level_has_half_the_cells():
    levels = FeaturePyramid(CHANNELS, D, extra=2).double()(maps())
    assert [level.shape for level in levels[3:]] == [(B, D, 2, 3), (B, D, 1, 2)]


def test_another_number_of_levels_is_refused():
    with pytest.raises(ValueError):
        FeaturePyramid(CHANNELS, D).double()(maps()[:2])
