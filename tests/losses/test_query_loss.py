"""The loss of object queries: the matching against brute force, its parts against torchvision's, and its laws."""

from itertools import permutations

import pytest
import torch
from torch.testing import assert_close
from torchvision import ops

from drawn_shapes import memory_of
from jumok.heads.query import QueryBoxHead
from jumok.losses.focal import quality_focal
from jumok.losses.query import CLASS_COST, GIOU_COST, L1_COST, hungarian, matching_costs, query_loss
from made_boxes import LAYERS, SIZE, B, C, Q, joined, objects, one_object, permuted, query_answers


def test_the_matching_is_the_cheapest_of_all():
    found, targets = query_answers(), objects([4, 3])
    costs, matches = matching_costs(found, targets).detach(), hungarian(found, targets)
    for layer in range(LAYERS):
        for image, number in enumerate((4, 3)):
            here = (matches.layer == layer) & (matches.image == image)
            cost = costs[layer, image]
            ours = cost[matches.query[here], matches.target[here]].sum()
            every = (sum(cost[q, n] for n, q in enumerate(p)) for p in permutations(range(Q), number))
            assert sorted(matches.target[here].tolist()) == list(range(number))
            assert_close(ours, min(every))


def test_the_loss_is_its_equation():
    found, targets = query_answers(), objects([4, 1])
    expected = torch.zeros(()).double()
    wanted = torch.zeros_like(found.logits)
    for layer, image, query, number in zip(*hungarian(found, targets), strict=True):
        mine, truth = found.boxes[layer, image, query][None], targets.boxes[image, number][None]
        centred = [ops.box_convert(box, "xyxy", "cxcywh") / SIZE for box in (mine, truth)]
        expected += L1_COST * (centred[0] - centred[1]).abs().sum()
        expected += GIOU_COST * ops.generalized_box_iou_loss(mine, truth, reduction="sum")
        wanted[layer, image, query, targets.labels[image, number]] = ops.box_iou(mine, truth).item()
    expected += CLASS_COST * quality_focal(found.logits, wanted).sum()
    loss = query_loss(found, targets)
    assert_close(loss.total, expected / (5 * LAYERS) * B)
    assert loss.count == B and type(loss.correct) is int


def test_the_order_of_objects_does_not_matter():
    found, targets = query_answers(), objects([4, 2], [1, 0])
    assert_close(query_loss(found, permuted(targets)).total, query_loss(found, targets).total)


def test_queries_in_a_crowd_are_no_background():
    found = query_answers(1)
    boxes = torch.tensor([[0, 0, 20, 20], [5, 30, 25, 40], [22, 0, 60, 20], [40, 40, 60, 60]]).double()
    found = found._replace(
        boxes=boxes.repeat(LAYERS, 1, 1, 1), logits=found.logits[:, :, :4], valid=found.valid[:, :4]
    )
    crowd = one_object((0.0, 0.0, 30.0, 64.0), crowd=True)
    gradient = torch.autograd.grad(query_loss(found, crowd).total, found.logits, retain_graph=True)[0]
    assert (gradient[0, 0].abs().sum(-1) > 0).tolist() == [False, False, True, True]
    both = joined(crowd, one_object((1.0, 1.0, 20.0, 20.0)))
    gradient = torch.autograd.grad(query_loss(found, both).total, found.logits)[0]
    assert (gradient[0, 0].abs().sum(-1) > 0).tolist() == [True, False, True, True]


def test_queries_without_a_place_do_not_count():
    found, targets = query_answers(), objects([2, 2])
    valid = torch.arange(Q) < torch.tensor([[Q], [1]])
    found = found._replace(valid=valid)
    assert not ((hungarian(found, targets).image == 1) & (hungarian(found, targets).query > 0)).any()
    gradient = torch.autograd.grad(query_loss(found, targets).total, found.logits)[0]
    assert torch.equal(gradient[0].abs().sum(-1) > 0, valid)


@pytest.mark.parametrize("places", [0, 3])
def test_images_without_objects_are_background(places):
    found, targets = query_answers(), objects([places, places])
    targets = targets._replace(valid=torch.zeros_like(targets.valid))
    loss = query_loss(found, targets)
    nothing = ops.sigmoid_focal_loss(found.logits, torch.zeros_like(found.logits), -1, 2).sum()
    assert_close(loss.total, CLASS_COST * nothing / LAYERS * B)
    assert loss.correct == 0


def test_more_objects_than_queries():
    loss = query_loss(query_answers(queries=2), objects([4, 3]))
    assert loss.total.isfinite()


def test_objects_found_well_are_counted():
    targets = objects([4, 2])
    found = query_answers()
    boxes, logits = found.boxes.detach().clone(), torch.full_like(found.logits, -5).detach()
    boxes[:, :, :4] = torch.where(targets.valid[..., None], targets.boxes, boxes[:, :, :4])
    logits[:, :, :4].scatter_(-1, targets.labels[None, ..., None].expand(LAYERS, -1, -1, 1), 5.0)
    assert query_loss(found._replace(boxes=boxes, logits=logits), targets).correct == 6
    assert query_loss(found._replace(boxes=boxes, logits=-logits), targets).correct == 0


def test_gradients_are_finite_in_bf16():
    head = QueryBoxHead(16, 4, C, queries=Q, layers=2, feedforward=24, dropout=0.1)
    for parameter in head.parameters():  # at first boxes do not move, and what moves them learns nothing
        parameter.data += torch.randn_like(parameter) * 0.1
    with torch.autocast("cpu", torch.bfloat16):
        found = head(memory_of((torch.randn(B, 16, 4, 4),), (16,)))
        loss = query_loss(found, objects([3, 0], [1, 0]))
    loss.total.backward()
    assert loss.total.dtype == torch.float32
    assert all(p.grad.isfinite().all() for p in head.parameters())
    assert all(p.grad.any() for name, p in head.named_parameters() if "key.bias" not in name)
