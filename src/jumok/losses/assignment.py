"""Assign objects to cells by prediction quality (task-aligned), not by box size."""

from typing import NamedTuple

import torch
from torch import Tensor

from jumok.deferred import Deferred
from jumok.geometry import overlaps
from jumok.heads.dense import DenseBoxes
from jumok.values import BoxTargets

optimize = Deferred("scipy.optimize")

CELLS_PER_OBJECT = 10  # at most, for one object
SHARPNESS = 6  # the exponent of the overlap in an alignment (Feng et al., 2021, section 4.1)
MIN_ALIGNMENT = 1e-30  # alignments below are as good as none


class Assignment(NamedTuple):
    """Which object each cell is assigned to."""

    target: Tensor  # (B, P), number of the object, -1 for none
    weight: Tensor  # (B, P), 1 for the cell that finds an object best, less for others of it, 0 for none

    def positive(self) -> Tensor:
        """True (B, P) for cells that are assigned to an object."""
        return self.target >= 0


@torch.no_grad()
def task_aligned(found: DenseBoxes, targets: BoxTargets) -> Assignment:
    """Assign to each object the cells in it with the highest score · IoU⁶ (TOOD: Feng et al., 2021).

    A cell in several objects is assigned to the one that its box overlaps most. An object without a cell gets the
    nearest cell that no other object depends on, so that every object is learned, however small.
    """
    objects = targets.valid & ~targets.crowd  # (B, N)
    truth = targets.boxes[:, :, None].to(found.boxes.dtype)
    shared = overlaps(truth, found.boxes[:, None]).iou  # (B, N, P)
    # (B, N, P)
    possible = points_inside(targets.boxes, found.centres) & objects[..., None] & found.real()[:, None]
    scores = for_each_target(found.logits.sigmoid(), targets.labels)  # (B, N, P)
    alignment = (scores * shared**SHARPNESS).clamp(min=MIN_ALIGNMENT) * possible
    chosen = torch.zeros_like(possible)
    chosen.scatter_(
        -1, alignment.topk(min(CELLS_PER_OBJECT, alignment.shape[-1])).indices, True
    ).logical_and_(possible)
    if not chosen.shape[1]:
        return Assignment(found.logits.new_full(found.quality.shape, -1).long(), alignment.sum(1))
    owner = torch.where(chosen, shared, -1.0).argmax(1, keepdim=True)  # (B, 1, P)
    owned = torch.zeros_like(chosen).scatter_(1, owner, True) & chosen  # (B, N, P)
    strength = alignment * owned
    peak = strength.amax(-1, keepdim=True).clamp(min=MIN_ALIGNMENT)
    target = torch.where(owned.any(1), owner.squeeze(1), -1)
    assignment = Assignment(target, (strength / peak).sum(1))
    return with_nearest(assignment, found, targets.boxes, objects & ~owned.any(-1))


def with_nearest(assignment: Assignment, found: DenseBoxes, boxes: Tensor, lost: Tensor) -> Assignment:
    """Assign cells to objects that have none.

    Args:
        assignment: The assignment so far.
        found: The predictions of all cells.
        boxes: Boxes of the objects in pixels (B, N, 4).
        lost: True for objects without a cell (B, N).

    Returns:
        The assignment in which each of them has a near cell that is the best one of no other object.
    """
    target, weight = (part.clone() for part in assignment)
    free = found.real() & (weight < 1)
    for image in lost.any(1).nonzero().flatten().tolist():
        objects, places = lost[image].nonzero().flatten(), free[image].nonzero().flatten()
        middles = boxes[image, objects].unflatten(-1, (2, 2)).mean(1)  # (N, 2)
        rows, columns = optimize.linear_sum_assignment(
            torch.cdist(middles, found.centres[places]).cpu().numpy()
        )
        cells = places[columns]
        target[image, cells], weight[image, cells] = objects[rows], 1.0
    return Assignment(target, weight)


def points_inside(boxes: Tensor, points: Tensor) -> Tensor:
    """True (B, N, P) for each of points (P, 2) in a box of boxes (B, N, 4)."""
    after = points > boxes[..., None, :2]  # (B, N, P, 2)
    before = points < boxes[..., None, 2:]
    return (after & before).all(-1)


def for_each_target(scores: Tensor, labels: Tensor) -> Tensor:
    """Scores (B, N, P) for the class of each object, from scores (B, P, C) and labels (B, N)."""
    index = labels[:, None].expand(-1, scores.shape[1], -1)  # (B, P, N)
    return scores.gather(2, index).transpose(1, 2)
