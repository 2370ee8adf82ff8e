"""The query head: what padding and an image's neighbours may not change, what it looks at, and that it learns."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from drawn_shapes import CLASSES, WIDTH, SmallBackbone, draw, found_and_right, learn, memory_of
from jumok.heads.query import QueryBoxes, QueryBoxHead, sine_embedding
from jumok.losses.query import query_loss
from jumok.values import Memory
from reference import random_parameters

B, D, C, Q, LAYERS = 2, 16, 3, 7, 2
SHOWN = torch.tensor([[80, 112], [48, 60]])


def head_and_memory(queries: int = Q) -> tuple[QueryBoxHead, Memory]:
    """Random states in 5 × 7 places of images of 80 × 112 and 48 × 60 pixels."""
    head = random_parameters(QueryBoxHead(D, 4, C, queries, LAYERS, feedforward=24)).eval()
    return head, memory_of((torch.randn(B, D, 5, 7).double(),), (16,), SHOWN)


def assert_same(one: QueryBoxes, other: QueryBoxes) -> None:
    assert_close(one.logits, other.logits)
    assert_close(one.boxes, other.boxes)


def test_it_answers_after_each_layer():
    head, memory = head_and_memory()
    found = head(memory)
    assert found.logits.shape == (LAYERS + 1, B, Q, C) and found.boxes.shape == (LAYERS + 1, B, Q, 4)
    size = SHOWN.flip(-1)[:, None]
    middles = found.boxes.unflatten(-1, (2, 2)).mean(-2)
    assert ((middles > 0) & (middles < size)).all()


def test_what_padding_holds_changes_nothing():
    head, memory = head_and_memory()
    noise = torch.where(memory.valid[..., None], memory.states, torch.randn(B, 35, D).double() * 100)
    assert_same(head(memory._replace(states=noise)), head(memory))


def test_more_padding_changes_nothing():
    head, memory = head_and_memory()
    level = nn.functional.pad(memory.pyramid.levels[0], (0, 3, 0, 2), value=5.0)
    assert_same(head(memory_of((level,), (16,), SHOWN)), head(memory))


def test_a_batch_equals_its_rows():
    head, memory = head_and_memory()
    whole, detections = head(memory), head.detect(head(memory))
    for row in range(B):
        alone = head(memory_of((memory.pyramid.levels[0][row : row + 1],), (16,), SHOWN[row : row + 1]))
        assert_close(alone.boxes[:, 0], whole.boxes[:, row])
        for one, other in zip(head.detect(alone)[0], detections[row], strict=True):
            assert_close(one, other)


def test_more_queries_than_places():
    head, memory = head_and_memory(queries=30)
    found = head(memory)
    assert found.valid.sum(1).tolist() == [30, 12]  # 3 × 4 cells have their centre in the second image
    wider = memory_of((nn.functional.pad(memory.pyramid.levels[0], (0, 3)),), (16,), SHOWN)
    assert_close(head(wider).boxes[:, 1, :12], found.boxes[:, 1, :12])
    assert len(head.detect(found, most=1000)[1].boxes) == 12 * C


def test_queries_start_at_the_likeliest_places():
    head, memory = head_and_memory()
    logits, _ = head.first(memory.states, torch.zeros(B, 35, 4).double())
    likely = logits.amax(-1).masked_fill(~memory.valid, -torch.inf)
    assert_close(head(memory).logits[0].amax(-1), likely.topk(Q).values)


def test_detections_are_sorted_and_inside():
    head, memory = head_and_memory()
    for found, (height, width) in zip(head.detect(head(memory), most=9), SHOWN.tolist(), strict=True):
        assert len(found.boxes) == 9 and (found.scores.diff() <= 0).all()
        assert (found.boxes >= 0).all() and (found.boxes <= torch.tensor([width, height] * 2)).all()


def test_waves_tell_how_near_places_are():
    x = torch.linspace(0, 1, 33)
    marks = sine_embedding(torch.stack((x, torch.full_like(x, 0.3)), -1), 32)
    likeness = marks @ marks[16]
    assert likeness.argmax() == 16 and (likeness[12:16].diff() > 0).all()


def test_a_memory_without_places_is_refused():
    head, memory = head_and_memory()
    with pytest.raises(ValueError, match="places"):
        head(memory._replace(places=None))
    with pytest.raises(ValueError, match="multiple of 4"):
        QueryBoxHead(10, 2, C)


def test_it_learns_shapes():
    model = nn.Sequential(
        SmallBackbone(), QueryBoxHead(WIDTH, 4, CLASSES, queries=20, layers=2, feedforward=64)
    )
    learn(model, lambda scenes: query_loss(model(scenes.pixels), scenes.boxes), 300, 3e-3)
    scenes = draw(64, seed=1000)
    with torch.no_grad():
        found = model[1].detect(model(scenes.pixels))
    recall, precision = found_and_right(found, scenes.boxes, 0.4)
    assert recall > 0.75 and precision > 0.75  # at least 0.8 with 280 steps and three other seeds; 0 before
