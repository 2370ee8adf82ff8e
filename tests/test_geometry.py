import torch
from torch.testing import assert_close
from torchvision import ops

from jumok import geometry


def some_boxes(count: int) -> torch.Tensor:
    low = torch.rand(count, 2, dtype=torch.float64) * 50
    return torch.cat((low, low + torch.rand(count, 2, dtype=torch.float64) * 40), 1)


def test_formats_there_and_back():
    boxes = some_boxes(7)
    assert_close(ops.box_convert(geometry.to_xywh(boxes), "xywh", "xyxy"), boxes)
    assert_close(geometry.from_centre(geometry.to_centre(boxes)), boxes)
    assert geometry.to_xywh(torch.tensor([[1.0, 2.0, 4.0, 8.0]])).tolist() == [[1, 2, 3, 6]]
    assert geometry.to_centre(torch.tensor([[1.0, 2.0, 4.0, 8.0]])).tolist() == [[2.5, 5, 3, 6]]


def test_overlap_is_intersection_over_union_and_torchvisions():
    one, other = some_boxes(5), some_boxes(3)
    assert_close(geometry.iou(one, other), ops.box_iou(one, other))
    generalized = geometry.overlaps(one[:, None], other).generalized
    assert_close(generalized, ops.generalized_box_iou(one, other))
    assert torch.equal(geometry.iou(one.float(), other.float()), ops.box_iou(one.float(), other.float()))
    assert_close(geometry.areas(one), ops.box_area(one))
    halves = geometry.iou(torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[1.0, 0, 3, 2], [5, 5, 6, 6]]))
    assert_close(halves, torch.tensor([[1 / 3, 0.0]]))


def test_overlap_of_boxes_without_area_is_zero():
    point = torch.tensor([[1.0, 1, 1, 1]])
    assert geometry.iou(point, point).item() == 0
    assert geometry.iou(point[:0], point).shape == (0, 1)


def test_clip_leaves_nothing_outside():
    boxes = torch.tensor([[-3.0, 2, 9, 14], [1, 1, 2, 2]])
    assert geometry.clip(boxes, 8, 10).tolist() == [[0, 2, 8, 10], [1, 1, 2, 2]]
