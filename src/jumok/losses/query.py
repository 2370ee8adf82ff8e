"""The loss of object queries: each object is matched with one query, the others should predict nothing."""

from typing import NamedTuple

import torch
from torch import Tensor

from jumok.deferred import Deferred
from jumok.geometry import area, overlaps, to_centre
from jumok.heads.query import QueryBoxes
from jumok.losses.focal import quality_focal
from jumok.losses.tokens import Loss
from jumok.values import BoxTargets

optimize = Deferred("scipy.optimize")

# what class, centre and size, and generalized IoU weigh in a match and in the loss
CLASS_COST, L1_COST, GIOU_COST = 2.0, 5.0, 2.0
NEVER = 1e6  # the cost of a match that must not be
CROWDED = 0.5  # of the area of a box: so much in a crowd, and it is neither object nor background


class QueryMatches(NamedTuple):
    """Which query is matched with which object, for all layers and images."""

    layer: Tensor  # (M,)
    image: Tensor  # (M,)
    query: Tensor  # (M,)
    target: Tensor  # (M,)


def query_loss(found: QueryBoxes, targets: BoxTargets) -> Loss:
    """The mean over all layers of quality focal loss (classes), L1 (centres and sizes) and generalized IoU (boxes).

    The target score of a matched query is the IoU of its box. Each layer is matched by itself, and its loss divided
    by the number of objects. The loss counts images; `correct` is the number of objects whose query in the last
    layer has their class and an IoU of at least one half.
    """
    with torch.autocast(found.logits.device.type, enabled=False):
        found = upcast_queries(found)
        matches = hungarian(found, targets)
        at = matches.layer, matches.image, matches.query
        truth = targets.boxes[matches.image, matches.target].to(found.boxes.dtype)  # (M, 4)
        labels = targets.labels[matches.image, matches.target]  # (M,)
        shared, generalized = overlaps(found.boxes[at], truth)  # (M,)
        wanted = torch.zeros_like(found.logits)
        wanted[(*at, labels)] = shared.detach()
        counted = found.valid & ~boxes_in_crowd(found, targets)  # (L, B, Q)
        counted[at] = True
        classes = (quality_focal(found.logits, wanted).sum(-1) * counted).sum()
        scale = image_scale(found)[matches.image]  # (M, 4)
        edges = (to_centre(found.boxes[at]) - to_centre(truth)).div(scale).abs().sum()
        total = CLASS_COST * classes + L1_COST * edges + GIOU_COST * (1 - generalized).sum()

    layers, images = found.boxes.shape[:2]
    objects = (targets.valid & ~targets.crowd).sum().clamp(min=1)
    right = (found.logits[at].argmax(-1) == labels) & (shared >= 0.5) & (matches.layer == layers - 1)
    return Loss(total / (layers * objects) * images, images, int(right.sum()))


def upcast_queries(found: QueryBoxes) -> QueryBoxes:
    """The same boxes in float32 or wider."""
    wide = torch.promote_types(found.logits.dtype, torch.float32)
    return found._replace(logits=found.logits.to(wide), boxes=found.boxes.to(wide))


def image_scale(found: QueryBoxes) -> Tensor:
    """Width, height, width, height of each image in pixels (B, 4)."""
    return found.valid_size.to(found.boxes.dtype).flip(-1).repeat(1, 2)


@torch.no_grad()
def hungarian(found: QueryBoxes, targets: BoxTargets) -> QueryMatches:
    """Match objects with queries at the least total cost, for each layer and image (Kuhn, 1955)."""
    costs = matching_costs(found, targets).masked_fill(~found.valid[..., None], NEVER).cpu()  # (L, B, Q, N)
    objects, layers = (targets.valid & ~targets.crowd).cpu(), range(len(costs))
    rows = []
    for image, real in enumerate(objects):
        numbers = real.nonzero().flatten()  # (N,)
        for layer in layers if len(numbers) else ():
            cost = costs[layer, image][:, numbers].numpy()
            query, column = (torch.from_numpy(part) for part in optimize.linear_sum_assignment(cost))
            possible = found.valid[image].cpu()[query]
            place = query.new_tensor((layer, image)).expand(len(query), 2)
            rows.append(torch.column_stack((place, query, numbers[column]))[possible])
    joined = torch.cat(rows) if rows else torch.zeros(0, 4, dtype=torch.long)
    return QueryMatches(*joined.to(found.boxes.device).unbind(1))


def matching_costs(found: QueryBoxes, targets: BoxTargets) -> Tensor:
    """The cost (L, B, Q, N) of matching each query with each object: about the loss it would cause."""
    truth = targets.boxes.to(found.boxes.dtype)[:, None]  # (B, 1, N, 4)
    boxes, scale = found.boxes[..., None, :], image_scale(found)[:, None, None]
    generalized = overlaps(boxes, truth).generalized
    edges = (to_centre(boxes) - to_centre(truth)).div(scale).abs().sum(-1)
    one, none = (quality_focal(found.logits, torch.full_like(found.logits, wanted)) for wanted in (1.0, 0.0))
    index = targets.labels[None, :, None].expand(*found.logits.shape[:3], -1)  # (L, B, Q, N)
    return CLASS_COST * (one - none).gather(-1, index) + L1_COST * edges - GIOU_COST * generalized


def boxes_in_crowd(found: QueryBoxes, targets: BoxTargets) -> Tensor:
    """True (L, B, Q) for boxes at least half of which lies in one crowd."""
    if not targets.boxes.shape[1]:
        return torch.zeros_like(found.logits[..., 0], dtype=torch.bool)
    boxes, crowds = found.boxes[..., None, :], targets.boxes.to(found.boxes.dtype)[:, None]  # (B, 1, N, 4)
    low, high = torch.maximum(boxes, crowds)[..., :2], torch.minimum(boxes, crowds)[..., 2:]
    # (L, B, Q, N)
    covered = area(low, high) >= CROWDED * area(boxes[..., :2], boxes[..., 2:])
    return (covered & (targets.valid & targets.crowd)[:, None]).any(-1)
