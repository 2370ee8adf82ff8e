"""Random answers of heads and random objects, as losses take them."""

import torch
from torch import Tensor

from jumok.heads.dense import DenseBoxes
from jumok.heads.query import QueryBoxes
from jumok.values import BoxTargets

B, C, Q, LAYERS, SIZE = 2, 3, 6, 2, 64


def corners(*shape: int) -> Tensor:
    """Random boxes (..., 4) in float64, in the image."""
    low = torch.rand(*shape, 2).double() * SIZE * 0.7
    return torch.cat((low, low + 4 + torch.rand(*shape, 2).double() * SIZE * 0.25), -1)


def objects(counts: list[int], crowds: list[int] | None = None) -> BoxTargets:
    """So many objects in each image, the last `crowds` of which are crowds."""
    numbers, most = torch.tensor(counts)[:, None], max(counts)
    valid = torch.arange(most) < numbers
    crowd = valid & (torch.arange(most) >= numbers - torch.tensor(crowds or [0] * len(counts))[:, None])
    boxes = corners(len(counts), most) * valid[..., None]
    return BoxTargets(boxes, torch.randint(C, valid.shape) * valid, valid, crowd)


def one_object(box: tuple[float, ...], label: int = 0, crowd: bool = False) -> BoxTargets:
    """One image with one box."""
    one = torch.ones(1, 1, dtype=torch.bool)
    return BoxTargets(torch.tensor([[box]]).double(), torch.tensor([[label]]), one, one & crowd)


def joined(*targets: BoxTargets) -> BoxTargets:
    """Objects of the same images side by side."""
    return BoxTargets(*(torch.cat(parts, 1) for parts in zip(*targets, strict=True)))


def permuted(targets: BoxTargets) -> BoxTargets:
    """The same objects in another order."""
    order = torch.randperm(targets.boxes.shape[1])
    return BoxTargets(*(part[:, order] for part in targets))


def dense_answers(images: int = B, stride: int = 8) -> DenseBoxes:
    """Cells of one level with random answers that want a gradient."""
    side = torch.arange(SIZE // stride).double() * stride + stride / 2
    centres = torch.cartesian_prod(side, side).flip(-1)
    sizes = torch.rand(images, len(centres), 2).double() * 20 + 4
    boxes = torch.cat((centres - sizes / 2, centres + sizes / 2), -1)
    return DenseBoxes(
        torch.randn(images, len(centres), C).double().requires_grad_(),
        boxes.requires_grad_(),
        torch.randn(images, len(centres)).double().requires_grad_(),
        centres,
        torch.full((len(centres),), float(stride)),
        torch.tensor([[SIZE, SIZE]] * images),
    )


def query_answers(images: int = B, queries: int = Q) -> QueryBoxes:
    """Random answers of all layers that want a gradient."""
    logits = torch.randn(LAYERS, images, queries, C).double().requires_grad_()
    boxes = corners(LAYERS, images, queries).requires_grad_()
    valid = torch.ones(images, queries, dtype=torch.bool)
    return QueryBoxes(logits, boxes, valid, torch.tensor([[SIZE, SIZE]] * images))
