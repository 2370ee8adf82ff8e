"""The dense head: where cells stand, what an image's neighbours and padding may change, and that it learns."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close
from torchvision.ops import box_iou

from drawn_shapes import CLASSES, STRIDES, WIDTH, SmallBackbone, draw, found_and_right, learn, memory_of
from jumok.heads.dense import DenseBoxes, DenseBoxHead
from jumok.losses.dense import dense_loss
from jumok.values import Memory

B, C = 2, 3


def head_and_memory(channels: tuple[int, int] = (8, 8)) -> tuple[DenseBoxHead, Memory]:
    """Levels of 5 × 7 and 3 × 4 cells, as if the finer one came of an odd number of rows and columns."""
    head = DenseBoxHead(channels, (8, 16), C, 16).double().eval()
    levels = tuple(
        torch.randn(B, c, *size).double() for c, size in zip(channels, ((5, 7), (3, 4)), strict=True)
    )
    return head, memory_of(levels, (8, 16), torch.tensor([[40, 56], [24, 30]]))


def saying(boxes: Tensor, scores: Tensor, shown: tuple[int, int] = (100, 100)) -> DenseBoxes:
    """What a head would say of one image: boxes (P, 4) with scores (P, C), and no doubt about their quality."""
    centres = torch.full((len(boxes), 2), 1.0)
    quality = torch.full((1, len(boxes)), 50.0)
    return DenseBoxes(
        scores.logit()[None],
        boxes[None],
        quality,
        centres,
        torch.ones(len(boxes)),
        torch.tensor([shown]),
    )


@pytest.mark.parametrize("channels", [(8, 8), (8, 12)], ids=["alike", "differing"])
def test_every_cell_of_every_level_answers(channels):
    head, memory = head_and_memory(channels)
    found = head(memory)
    cells = 5 * 7 + 3 * 4
    assert found.logits.shape == (B, cells, C) and found.boxes.shape == (B, cells, 4)
    assert found.quality.shape == (B, cells)
    assert found.centres[0].tolist() == [4, 4] and found.centres[8].tolist() == [12, 12]
    assert found.centres[-1].tolist() == [56, 40] and found.strides[[0, -1]].tolist() == [8, 16]


def test_a_head_that_knows_nothing_finds_boxes_around_cells():
    head, memory = head_and_memory()
    nn.init.zeros_(head.box.weight)
    middles = head(memory).boxes.unflatten(-1, (2, 2)).mean(-2)
    assert_close(middles[0], head(memory).centres.double())
    assert head(memory).logits.sigmoid().max() < 0.05


def test_cells_beside_the_image_find_nothing():
    head, memory = head_and_memory()
    nn.init.constant_(head.score.bias, 3.0)
    found = head(memory)
    assert_close(found.real()[1], ((found.centres[:, 0] < 30) & (found.centres[:, 1] < 24)))
    for detections, (height, width) in zip(head.detect(found), ((40, 56), (24, 30)), strict=True):
        assert len(detections.boxes) and (detections.boxes >= 0).all()
        assert (detections.boxes[:, 2] <= width).all() and (detections.boxes[:, 3] <= height).all()


def test_a_batch_equals_its_rows():
    head, memory = head_and_memory()
    whole = head(memory)
    for row in range(B):
        levels = tuple(level[row : row + 1] for level in memory.pyramid.levels)
        alone = head(memory_of(levels, (8, 16), memory.pyramid.valid_size[row : row + 1]))
        assert_close(alone.logits[0], whole.logits[row])
        assert_close(alone.boxes[0], whole.boxes[row])
        for one, other in zip(head.detect(alone)[0], head.detect(whole)[row], strict=True):
            assert_close(one, other)


def test_detections_are_sorted_and_do_not_overlap():
    head, _ = head_and_memory()
    corners = torch.rand(300, 2) * 60
    boxes = torch.cat((corners, corners + 10 + torch.rand(300, 2) * 30), -1)
    (found,) = head.detect(saying(boxes, torch.rand(300, C)), overlap=0.5, most=20)
    assert len(found.boxes) == 20 and (found.scores.diff() <= 0).all()
    for label in range(C):
        mine = found.boxes[found.labels == label]
        assert box_iou(mine, mine).fill_diagonal_(0).le(0.5).all()


def test_an_image_without_anything():
    head, _ = head_and_memory()
    (found,) = head.detect(saying(torch.rand(5, 4).cumsum(-1), torch.full((5, C), 0.001)))
    assert found.boxes.shape == (0, 4) and found.scores.shape == found.labels.shape == (0,)


def test_a_threshold_of_nothing_gives_every_candidate_up_to_the_maximum():
    head, _ = head_and_memory()
    corners = torch.arange(7.0)[:, None] * 8 + torch.zeros(7, 2)
    boxes = torch.cat((corners, corners + 6), -1)  # (7, 4), apart from each other
    boxes[-1, 2:] = boxes[-1, :2]  # without area, so no candidate
    low = saying(boxes, torch.full((7, C), 0.001))
    assert not len(head.detect(low)[0].scores)
    (found,) = head.detect(low, threshold=0.0)
    assert len(found.scores) == 6 * C and (found.scores > 0).all()
    assert len(head.detect(low, threshold=0.0, most=5)[0].scores) == 5


def test_a_memory_of_a_text_is_refused():
    head, memory = head_and_memory()
    with pytest.raises(ValueError, match="feature maps"):
        head(memory._replace(pyramid=None))


def test_it_learns_shapes():
    model = nn.Sequential(SmallBackbone(), DenseBoxHead((WIDTH, WIDTH), STRIDES, CLASSES, WIDTH))
    learn(model, lambda scenes: dense_loss(model(scenes.pixels), scenes.boxes), 150, 4e-3)
    scenes = draw(64, seed=1000)
    with torch.no_grad():
        found = model[1].detect(model(scenes.pixels))
    recall, precision = found_and_right(found, scenes.boxes, 0.35)
    assert recall > 0.9 and precision > 0.9  # at least 0.93 with three other seeds and 130 steps
