"""Red rectangles and blue discs on noise, a backbone of three convolutions, and what was found among them."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from jumok.geometry import iou
from jumok.losses.tokens import Loss
from jumok.values import BoxTargets, Detections, MaskTargets, Memory, Pyramid

SIZE, STRIDES, WIDTH, CLASSES = 64, (4, 8), 32, 2
ROWS, COLUMNS = torch.meshgrid(torch.arange(SIZE) + 0.5, torch.arange(SIZE) + 0.5, indexing="ij")


class Scenes(NamedTuple):
    """Drawn images with the truth about them."""

    pixels: Tensor  # (B, 3, Y, X)
    boxes: BoxTargets
    classes: MaskTargets  # 0 ground, 1 rectangle, 2 disc


def draw(number: int, seed: int) -> Scenes:
    """So many scenes with 0 to 3 shapes that do not touch."""
    random = torch.Generator().manual_seed(seed)
    pixels = torch.randn(number, 3, SIZE, SIZE, generator=random) * 0.3
    boxes, labels = torch.zeros(number, 3, 4), torch.zeros(number, 3, dtype=torch.long)
    valid, classes = labels > 0, torch.zeros(number, SIZE, SIZE, dtype=torch.long)
    for image in range(number):
        for place in range(int(torch.randint(0, 4, (), generator=random))):
            disc = int(torch.randint(0, 2, (), generator=random))
            width, height = torch.randint(10, 25, (2,), generator=random).tolist()
            height = width if disc else height
            x, y = (int(torch.randint(0, SIZE - side, (), generator=random)) for side in (width, height))
            if classes[image, y : y + height, x : x + width].any():
                continue
            marked = shape(bool(disc), x, y, width, height)
            pixels[image, 2 if disc else 0][marked] += 1.5
            classes[image][marked] = disc + 1
            boxes[image, place] = torch.tensor((x, y, x + width, y + height))
            labels[image, place], valid[image, place] = disc, True
    return Scenes(pixels, BoxTargets(boxes, labels, valid, torch.zeros_like(valid)), MaskTargets(classes))


def shape(disc: bool, x: int, y: int, width: int, height: int) -> Tensor:
    """True (Y, X) inside of the shape."""
    across, down = (COLUMNS - x) / width - 0.5, (ROWS - y) / height - 0.5
    return across**2 + down**2 < 0.25 if disc else (across.abs() < 0.5) & (down.abs() < 0.5)


class SmallBackbone(nn.Module):
    """Three convolutions to two levels, and the states of the coarser one."""

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(convolution(3, 16), convolution(16, WIDTH))
        self.coarse = convolution(WIDTH, WIDTH)

    def forward(self, pixels: Tensor) -> Memory:
        fine = self.fine(pixels)
        return memory_of((fine, self.coarse(fine)), STRIDES)


def convolution(channels: int, width: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(channels, width, 3, 2, 1), nn.GroupNorm(4, width), nn.ReLU())


def memory_of(levels: tuple[Tensor, ...], strides: tuple[int, ...], shown: Tensor | None = None) -> Memory:
    """A memory with these levels, whose states are the cells of the coarsest; `shown` is all of it by default."""
    coarsest, stride = levels[-1], strides[-1]
    height, width = coarsest.shape[-2] * stride, coarsest.shape[-1] * stride
    shown = torch.tensor([[height, width]] * len(coarsest)) if shown is None else shown
    y, x = (torch.arange(side) * stride + stride / 2 for side in coarsest.shape[-2:])
    rows, columns = torch.meshgrid(y, x, indexing="ij")
    places = torch.stack((columns.flatten(), rows.flatten()), -1).to(coarsest.dtype)
    valid = (places < shown[:, None].flip(-1)).all(-1)
    states = coarsest.flatten(2).transpose(1, 2)
    pyramid = Pyramid(levels, strides, shown, (height, width))
    return Memory(states, valid, states.mean(1), pyramid, places.expand(len(states), -1, -1))


def learn(model: nn.Module, loss: Callable[[Scenes], Loss], steps: int, rate: float) -> None:
    """Train the model on fresh scenes, 16 at a time."""
    optimizer = torch.optim.AdamW(model.parameters(), rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    for step in range(steps):
        made = loss(draw(16, step))
        optimizer.zero_grad()
        (made.total / made.count).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def found_and_right(detections: list[Detections], truth: BoxTargets, threshold: float) -> tuple[float, float]:
    """Recall and precision of the detections of at least that score, at an overlap of one half."""
    right, given = 0, 0
    for one, boxes, labels, valid in zip(detections, truth.boxes, truth.labels, truth.valid, strict=True):
        sure = one.scores >= threshold
        fits = iou(one.boxes[sure], boxes[valid]) >= 0.5
        fits &= one.labels[sure][:, None] == labels[valid]
        right, given = right + int(fits.any(0).sum()), given + int(sure.sum())
    return right / int(truth.valid.sum()), right / max(given, 1)
