"""The loss of a dense head: class, box and quality of the cells that are assigned to objects."""

import torch
import torch.nn.functional as F
from torch import Tensor

from jumok.geometry import overlaps
from jumok.heads.dense import DenseBoxes
from jumok.losses.assignment import Assignment, points_inside, task_aligned
from jumok.losses.focal import quality_focal
from jumok.losses.tokens import Loss
from jumok.values import BoxTargets

BOX = 2.0  # the weight of the boxes beside the classes (Feng et al., 2021)


def dense_loss(found: DenseBoxes, targets: BoxTargets) -> Loss:
    """Quality focal loss of classes, generalized IoU loss of boxes, and cross-entropy of quality to the IoU.

    Each is divided by the sum of the weights of assigned cells. Cells in a crowd or outside the image that are
    assigned to no object are ignored. The loss counts images; `correct` is the number of objects whose best cell has
    their class and an IoU of at least one half.
    """
    with torch.autocast(found.logits.device.type, enabled=False):
        found = upcast_cells(found)
        assignment = task_aligned(found, targets)
        taken, norm = assignment.positive(), assignment.weight.sum().clamp(min=1)
        counted = found.real() & (taken | ~cells_in_crowd(found, targets))
        wanted = wanted_classes(found, targets, assignment)
        classes = (quality_focal(found.logits, wanted).sum(-1) * counted).sum()

        weight, boxes = assignment.weight[taken], found.boxes[taken]  # (M,), (M, 4)
        truth = truth_of_cells(targets.boxes, assignment)[taken].to(boxes.dtype)
        shared, generalized = overlaps(boxes, truth)  # (M,)
        apart = ((1 - generalized) * weight).sum()
        good = shared.detach()
        quality = F.binary_cross_entropy_with_logits(found.quality[taken], good, weight, reduction="sum")
        total = (classes + BOX * apart + quality) / norm

    labels = truth_of_cells(targets.labels, assignment)[taken]
    right = (found.logits[taken].argmax(-1) == labels) & (good >= 0.5) & (weight == 1)
    return Loss(total * len(found.logits), len(found.logits), int(right.sum()))


def upcast_cells(found: DenseBoxes) -> DenseBoxes:
    """The same boxes in float32 or wider."""
    wide = torch.promote_types(found.logits.dtype, torch.float32)
    return found._replace(
        logits=found.logits.to(wide), boxes=found.boxes.to(wide), quality=found.quality.to(wide)
    )


def wanted_classes(found: DenseBoxes, targets: BoxTargets, assignment: Assignment) -> Tensor:
    """The targets of the class scores: the weight of each assigned cell at the class of its object.

    Args:
        found: The predictions of all cells.
        targets: The objects of each image.
        assignment: The object of each cell.

    Returns:
        Targets (B, P, C), 0 to 1.
    """
    labels = truth_of_cells(targets.labels, assignment)
    wanted = torch.zeros_like(found.logits)
    return wanted.scatter_(-1, labels[..., None], assignment.weight.to(wanted.dtype)[..., None])


def truth_of_cells(values: Tensor, assignment: Assignment) -> Tensor:
    """Values (B, P, ...) for cells, each from the object it is assigned to; arbitrary for cells without an object."""
    if not values.shape[1]:
        return values.new_zeros(*assignment.target.shape, *values.shape[2:])
    images = torch.arange(len(values), device=values.device)[:, None]
    return values[images, assignment.target.clamp(min=0)]


def cells_in_crowd(found: DenseBoxes, targets: BoxTargets) -> Tensor:
    """True (B, P) for cells whose centre is in a crowd."""
    crowds = points_inside(targets.boxes, found.centres) & (targets.valid & targets.crowd)[..., None]
    return crowds.any(1)
