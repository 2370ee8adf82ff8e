"""The loss of dense heads: its parts against torchvision's, who answers for what, and what must not count."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close
from torchvision import ops

from drawn_shapes import memory_of
from jumok.geometry import overlaps
from jumok.heads.dense import DenseBoxHead
from jumok.losses.assignment import CELLS_PER_OBJECT, task_aligned
from jumok.losses.dense import dense_loss
from jumok.losses.focal import quality_focal
from made_boxes import SIZE, B, C, corners, dense_answers, joined, objects, one_object, permuted


def answers_of(found):
    return found.logits, found.boxes, found.quality


def test_quality_focal_loss_is_torchvisions_where_all_or_nothing_is_wanted():
    logits, wanted = torch.randn(5, 7).double(), torch.randint(2, (5, 7)).double()
    expected = ops.sigmoid_focal_loss(logits, wanted, alpha=-1, gamma=2)
    assert_close(quality_focal(logits, wanted), expected)


def test_quality_focal_loss_is_least_at_the_wanted_score():
    wanted = torch.tensor([0.1, 0.5, 0.9]).double()
    logits = wanted.logit().requires_grad_()
    assert_close(quality_focal(logits, wanted), torch.zeros(3).double())
    assert_close(torch.autograd.grad(quality_focal(logits, wanted).sum(), logits)[0], torch.zeros(3).double())


def test_overlaps_are_torchvisions():
    one, other = corners(5).requires_grad_(), corners(5)
    assert_close(overlaps(one[:, None], other).iou, ops.box_iou(one, other))
    assert_close(overlaps(one[:, None], other).generalized, ops.generalized_box_iou(one, other))
    ours, theirs = 1 - overlaps(one, other).generalized, ops.generalized_box_iou_loss(one, other)
    assert_close(ours, theirs)
    both = [torch.autograd.grad(loss.sum(), one)[0] for loss in (ours, theirs)]
    assert_close(*both)


def test_boxes_without_area_are_no_nan():
    nothing = torch.zeros(1, 4, requires_grad=True)
    sum(part.sum() for part in overlaps(nothing, torch.zeros(1, 4))).backward()
    assert nothing.grad.isfinite().all()


def test_the_best_aligned_cells_in_an_object_answer_for_it():
    found, targets = dense_answers(1), one_object((3.0, 5.0, 61.0, 60.0), label=1)
    assignment = task_aligned(found, targets)
    shared = ops.box_iou(targets.boxes[0], found.boxes[0])[0]
    aligned = found.logits[0, :, 1].sigmoid() * shared**6
    within = ((found.centres > torch.tensor([3, 5])) & (found.centres < torch.tensor([61, 60]))).all(-1)
    best = aligned.masked_fill(~within, 0).topk(CELLS_PER_OBJECT)
    assert set(assignment.positive()[0].nonzero().flatten().tolist()) == set(best.indices.tolist())
    assert_close(assignment.weight[0, best.indices], best.values.detach() / best.values.max().detach())


def test_the_loss_is_its_equation():
    found, targets = dense_answers(), objects([3, 1])
    assignment = task_aligned(found, targets)
    rows, cells = assignment.positive().nonzero(as_tuple=True)
    of, weight = assignment.target[rows, cells], assignment.weight[rows, cells]
    truth, labels = targets.boxes[rows, of], targets.labels[rows, of]
    wanted = torch.zeros_like(found.logits)
    wanted[rows, cells, labels] = weight
    mine = found.boxes[rows, cells]
    iou = ops.box_iou(mine, truth).diagonal().detach()
    expected = quality_focal(found.logits, wanted).sum()
    expected += 2 * (ops.generalized_box_iou_loss(mine, truth) * weight).sum()
    expected += F.binary_cross_entropy_with_logits(found.quality[rows, cells], iou, weight, reduction="sum")
    loss = dense_loss(found, targets)
    assert loss.count == B and type(loss.correct) is int
    assert_close(loss.total, expected / weight.sum().clamp(min=1) * B)


@pytest.mark.parametrize("box", [(9.0, 9.0, 11.0, 11.0), (0.0, 0.0, 1.0, 1.0), (24.1, 24.1, 24.2, 24.2)])
def test_no_object_is_too_small(box):
    """A box in which no cell has its centre is given to the cell whose centre is nearest."""
    found, targets = dense_answers(1), one_object(box)
    assignment = task_aligned(found, targets)
    (cell,) = assignment.positive()[0].nonzero().flatten().tolist()
    far = (found.centres - torch.tensor(box).view(2, 2).mean(0)).norm(dim=-1)
    assert_close(far[cell], far.min()) and assignment.weight[0, cell] == 1


def test_no_object_is_hidden_by_others():
    """Five objects in one place, and one tiny in the middle of them: each has a cell of its own."""
    same = [one_object((10.0, 10.0, 20.0, 20.0), label % C) for label in range(5)]
    assignment = task_aligned(dense_answers(1), joined(*same, one_object((13.0, 13.0, 13.5, 13.5))))
    assert set(assignment.target[0].tolist()) == {-1, 0, 1, 2, 3, 4, 5}
    best = assignment.weight[0] == 1
    assert set(assignment.target[0][best].tolist()) == {0, 1, 2, 3, 4, 5}


def test_cells_in_a_crowd_are_no_background():
    found = dense_answers(1)
    crowd, real = one_object((0.0, 0.0, 32.0, 64.0), crowd=True), one_object((4.0, 4.0, 28.0, 28.0))
    alone = dense_loss(found, crowd).total
    gradient = torch.autograd.grad(alone, found.logits, retain_graph=True)[0][0].abs().sum(-1)
    within = (found.centres < torch.tensor([32, 64])).all(-1)
    assert (gradient[within] == 0).all() and (gradient[~within] > 0).all()
    both = dense_loss(found, joined(crowd, real)).total
    gradient = torch.autograd.grad(both, found.logits)[0][0].abs().sum(-1)
    assert 0 < (gradient[within] > 0).sum() <= CELLS_PER_OBJECT  # the object in the crowd still counts


def test_cells_beside_the_image_do_not_count():
    found = dense_answers(1)._replace(valid_size=torch.tensor([[SIZE, 40]]))
    gradient = torch.autograd.grad(dense_loss(found, objects([0])).total, found.logits)[0][0].abs().sum(-1)
    assert torch.equal(gradient > 0, found.centres[:, 0] < 40)


def test_the_order_of_objects_does_not_matter():
    found, targets = dense_answers(), objects([4, 2], [1, 0])
    assert_close(dense_loss(found, permuted(targets)).total, dense_loss(found, targets).total)


def test_places_for_absent_objects_do_not_matter():
    found, targets = dense_answers(), objects([3, 1])
    more = joined(targets, absent(2))
    assert_close(dense_loss(found, more).total, dense_loss(found, targets).total)


def absent(number):
    nothing = torch.zeros(B, number, dtype=torch.bool)
    return objects([number] * B)._replace(valid=nothing, crowd=nothing)


@pytest.mark.parametrize("places", [0, 2])
def test_images_without_objects_are_background(places):
    found = dense_answers()
    loss = dense_loss(found, absent(places) if places else objects([0, 0]))
    expected = ops.sigmoid_focal_loss(found.logits, torch.zeros_like(found.logits), -1, 2).sum() * B
    assert_close(loss.total, expected) and loss.correct == 0
    gradients = torch.autograd.grad(loss.total, answers_of(found), allow_unused=True, materialize_grads=True)
    assert all(g.isfinite().all() for g in gradients)


def test_objects_found_well_are_counted():
    targets = objects([3, 2])
    found = dense_answers()
    boxes, logits = found.boxes.detach().clone(), torch.full_like(found.logits, -5)
    assignment = task_aligned(found, targets)
    for row, cell in assignment.positive().nonzero().tolist():
        number = assignment.target[row, cell]
        boxes[row, cell], logits[row, cell, targets.labels[row, number]] = targets.boxes[row, number], 5.0
    every = [len(set(row.tolist()) - {-1}) for row in assignment.target]
    assert every == [3, 2]
    assert dense_loss(found._replace(boxes=boxes, logits=logits.detach()), targets).correct >= 5
    assert dense_loss(found._replace(boxes=boxes, logits=-logits.detach()), targets).correct == 0


def test_gradients_are_finite_in_bf16():
    head = DenseBoxHead((8, 8), (8, 16), C, 16).to(memory_format=torch.channels_last)
    levels = tuple(torch.randn(B, 8, n, n).to(memory_format=torch.channels_last) for n in (8, 4))
    with torch.autocast("cpu", torch.bfloat16):
        found = head(memory_of(levels, (8, 16)))
        loss = dense_loss(found, objects([3, 0], [1, 0]))
    loss.total.backward()
    assert loss.total.dtype == torch.float32
    assert all(p.grad.isfinite().all() and p.grad.any() for p in head.parameters())
