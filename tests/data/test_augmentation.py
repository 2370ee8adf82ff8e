"""Augmentation moves images, boxes and masks alike, and is a pure function of its seed."""

import random as standard_random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_resizing import with_rectangle
from torch.nn.functional import max_pool2d

from jumok.data.images.augmentation import Augmentation, drop_occluded, rotated, translated
from jumok.data.images.mosaic import mosaic, quarters
from jumok.data.images.resizing import ImageSample, fit_to_canvas

CANVAS = (60, 72)
NOTHING = Augmentation(flip="none", scale=(1, 1), colour=0)
EVERYTHING = Augmentation(
    flip="both", scale=(0.5, 2), crop=0.6, rotate=20, shift=0.1, colour=0.2, mosaic=0.5, visible=0.3
)
OPTIONS = {
    "default": Augmentation(),
    "flip": Augmentation("both", (1, 1), colour=0),
    "scale": Augmentation("none", (0.4, 2.5), colour=0),
    "crop": Augmentation("none", (1, 1), crop=0.5, colour=0),
    "shift": Augmentation("none", (1, 1), shift=0.3, colour=0),
    "colour": Augmentation("none", (1, 1), colour=0.2),
    "mosaic": Augmentation(mosaic=1, visible=0.0),
    "everything": EVERYTHING,
}
seeds = st.integers(0, 2**32 - 1)
each = pytest.mark.parametrize("augmentation", OPTIONS.values(), ids=OPTIONS.keys())
few = settings(max_examples=25, deadline=None)


def generator(seed=0):
    return np.random.default_rng(seed)


def drawn_batch(seed, count=4):
    """Images with a bright rectangle each, its class the image's number plus one."""
    draw, batch = generator(seed), []
    for number in range(count):
        height, width = draw.integers(40, 120, size=2).tolist()
        x1, y1 = int(draw.integers(0, width - 20)), int(draw.integers(0, height - 20))
        x2, y2 = int(draw.integers(x1 + 8, width + 1)), int(draw.integers(y1 + 8, height + 1))
        image = with_rectangle((height, width), (x1, y1, x2, y2))
        image.labels[0] = number + 1
        image.mask[image.mask > 0] = number + 1
        image.crowd[0] = number % 2
        batch.append(image)
    return batch


def same(one, other):
    return one.original == other.original and all(
        torch.equal(getattr(one, name), getattr(other, name))
        for name in ("image", "boxes", "labels", "crowd", "mask")
    )


@each
@few
@given(seed=seeds)
def test_a_box_still_surrounds_what_it_marks(augmentation, seed):
    images = drawn_batch(seed)
    for result in augmentation(images, CANVAS, generator(seed)):
        bright = result.image[0] > 100
        assert thin(apart(result.mask > 0, bright))
        for box, label, crowd in zip(result.boxes, result.labels, result.crowd, strict=True):
            assert crowd == (label - 1) % 2
            if not augmentation.rotate:
                assert box_touches(box, result.mask == label), "a box without its object"
        if augmentation.visible == 0.0:  # otherwise a sliver may stay without its box
            assert thin(bright & ~covered(result.boxes, bright))


def grown(shape):
    """A shape and its neighbours."""
    return max_pool2d(shape[None].float(), 3, 1, 1)[0].bool()


def apart(one, other):
    """Where two shapes differ by more than a pixel."""
    return (one & ~grown(other)) | (other & ~grown(one))


def thin(shape):
    """Whether nothing in a shape is three pixels high and wide: slivers at edges may differ."""
    return not (-max_pool2d(-shape[None].float(), 3, 1)).any()


def covered(boxes, like):
    """The pixels that boxes cover, with one around."""
    pixels = torch.zeros_like(like)
    for x1, y1, x2, y2 in boxes.round().int().tolist():
        pixels[max(0, y1 - 1) : y2 + 1, max(0, x1 - 1) : x2 + 1] = True
    return pixels


def box_touches(box, shape):
    x1, y1, x2, y2 = box.tolist()
    inside = shape[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))]
    return inside.any()


def test_hardly_a_box_of_a_turned_image_is_without_its_object():
    """The box around a turned rectangle has corners outside of it; an edge may leave nothing else of it."""
    turning = [one for one in OPTIONS.values() if one.rotate]
    touched = [
        bool(box_touches(box, result.mask == label))
        for augmentation in turning
        for seed in range(100)
        for result in augmentation(drawn_batch(seed), CANVAS, generator(seed))
        for box, label in zip(result.boxes, result.labels, strict=True)
    ]
    assert turning and len(touched) > 500 and np.mean(touched) > 0.99


@pytest.mark.parametrize("name", ["flip", "scale", "crop", "shift"])
@few
@given(seed=seeds)
def test_mask_and_box_are_the_moved_rectangle(name, seed):
    (result,) = OPTIONS[name](drawn_batch(seed, 1), CANVAS, generator(seed))
    rectangle = torch.zeros_like(result.mask)
    for x1, y1, x2, y2 in result.boxes.round().int().tolist():
        rectangle[y1:y2, x1:x2] = 1
    if len(result.boxes):
        assert not apart(rectangle.bool(), result.mask == 1).any()


@each
@few
@given(seed=seeds)
def test_results_fit_the_canvas_and_boxes_the_results(augmentation, seed):
    for result in augmentation(drawn_batch(seed), CANVAS, generator(seed)):
        height, width = result.size
        assert result.image.dtype == torch.uint8 and result.mask.shape == result.size
        assert 1 <= height <= CANVAS[0] and 1 <= width <= CANVAS[1]
        x1, y1, x2, y2 = result.boxes.unbind(1)
        assert ((x1 >= 0) & (y1 >= 0) & (x2 <= width) & (y2 <= height)).all()
        assert ((x2 - x1 >= 1) & (y2 - y1 >= 1)).all(), "a box without area"
        assert len(result.boxes) == len(result.labels) == len(result.crowd)
        assert result.boxes.dtype == torch.float32 and type(result.boxes) is torch.Tensor


def test_objects_are_forgotten_when_too_little_is_left():
    image = with_rectangle((40, 40), (0, 0, 4, 4))
    boxes = torch.tensor(
        [[-6.0, 0, 4, 10], [-9, 0, 1, 10], [10, 10, 20, 20], [50, 0, 60, 10], [5, 39.5, 9, 49]]
    )
    image = replace(image, boxes=boxes, labels=torch.arange(5), crowd=torch.arange(5) == 0)
    for visible, labels in ((0.0, [0, 1, 2]), (0.2, [0, 2]), (0.4, [0, 2]), (0.41, [2]), (1.0, [2])):
        kept = drop_occluded(image, visible)
        assert kept.labels.tolist() == labels and kept.crowd.tolist() == [number == 0 for number in labels]
        assert torch.equal(kept.boxes, boxes.clamp(0, 40)[labels])


@few
@given(seed=seeds)
def test_whole_objects_are_always_kept(seed):
    strict = Augmentation(flip="both", scale=(0.4, 1), visible=1.0)
    for result, image in zip(
        strict(drawn_batch(seed), CANVAS, generator(seed)), drawn_batch(seed), strict=True
    ):
        assert torch.equal(result.labels, image.labels)


@each
def test_the_same_seed_gives_the_same_images(augmentation):
    images = drawn_batch(1)
    with ThreadPoolExecutor(2) as pool:
        again = list(pool.map(lambda _: augmentation(images, CANVAS, generator(5)), range(4)))
    for results in again[1:]:
        assert all(same(one, other) for one, other in zip(results, again[0], strict=True))
    assert not all(map(same, augmentation(images, CANVAS, generator(6)), again[0]))
    assert all(map(same, images, drawn_batch(1))), "the images themselves were changed"


@each
def test_nobody_elses_random_numbers_are_drawn(augmentation):
    images = drawn_batch(2)
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()
    state = standard_random.getstate()
    augmentation(images, CANVAS, generator())
    assert torch.equal(torch_state, torch.get_rng_state()) and state == standard_random.getstate()
    assert all(
        np.array_equal(one, other) for one, other in zip(numpy_state, np.random.get_state(), strict=True)
    )


@few
@given(seed=seeds)
def test_no_options_change_nothing_but_the_size(seed):
    images = drawn_batch(seed)
    for result, image in zip(NOTHING(images, CANVAS, generator(seed)), images, strict=True):
        expected = fit_to_canvas(image, CANVAS)
        assert torch.equal(result.image, expected.image) and torch.equal(result.mask, expected.mask)
        torch.testing.assert_close(result.boxes, expected.boxes)


def test_images_with_other_targets():
    image = drawn_batch(0)[0].image
    bare = ImageSample(image, (40, 40))
    (result,) = Augmentation(rotate=5, crop=0.9)([bare], CANVAS, generator())
    assert result.boxes is result.mask is result.labels is None
    empty = ImageSample(image, (40, 40), torch.zeros(0, 4), torch.zeros(0).long(), torch.zeros(0).bool())
    for result in EVERYTHING([empty] * 8, CANVAS, generator()):
        assert result.boxes.shape == (0, 4) and result.labels.shape == result.crowd.shape == (0,)
    with pytest.raises(ValueError, match="set mosaic to 0"):
        EVERYTHING([bare], CANVAS, generator())


def test_rotation_opens_corners_of_no_known_class():
    image = with_rectangle((40, 40), (10, 10, 30, 30))
    turned = rotated(image, 45.0)
    assert (turned.mask[0, 0], turned.mask[20, 20]) == (-1, 3) and turned.image[:, 0, 0].tolist() == [0, 0, 0]
    half = 10 * 2**0.5
    torch.testing.assert_close(turned.boxes, torch.tensor([[20 - half, 20 - half, 20 + half, 20 + half]]))


@pytest.mark.parametrize(("down", "right"), [(0.25, -0.5), (-0.25, 0.5), (0.0, 0.0)])
def test_a_shift_moves_everything_alike_and_opens_what_is_not_known(down, right):
    sample = with_rectangle((40, 60), (10, 8, 30, 20))
    moved, (rows, columns) = translated(sample, np.array([down, right])), (int(40 * down), int(60 * right))
    seen = slice(max(0, rows), 40 + min(0, rows)), slice(max(0, columns), 60 + min(0, columns))
    before = slice(max(0, -rows), 40 - max(0, rows)), slice(max(0, -columns), 60 - max(0, columns))
    image, mask = torch.zeros_like(sample.image), torch.full_like(sample.mask, -1)
    image[:, *seen], mask[seen] = sample.image[:, *before], sample.mask[before]
    assert torch.equal(moved.image, image) and torch.equal(moved.mask, mask)
    assert torch.equal(moved.boxes, sample.boxes + torch.tensor([columns, rows, columns, rows]))
    several = translated(
        replace(sample, mask=torch.stack((sample.mask, sample.mask))), np.array([down, right])
    )
    assert torch.equal(several.mask, torch.stack((mask, mask)))


def test_a_mosaic_has_four_corners_at_its_centre():
    tiles = [with_rectangle(size, (1, 1, 3, 3)) for size in ((10, 20), (7, 30), (20, 15), (30, 40))]
    assert quarters((40, 60), (10, 20)) == [(10, 20), (10, 40), (30, 20), (30, 40)]
    result = mosaic(tiles, (40, 60), (10, 20))
    expected = [[1, 1, 3, 3], [21, 4, 23, 6], [6, 11, 8, 13], [21, 11, 23, 13]]
    assert result.boxes.tolist() == expected and result.labels.tolist() == [3] * 4
    for x1, y1, x2, y2 in expected:
        assert (result.mask[y1:y2, x1:x2] == 3).all() and (result.image[:, y1:y2, x1:x2] == 255).all()
    assert (result.mask == 3).sum() == 16 and (result.mask[0:3, 20:] == -1).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"scale": (0, 1)},
        {"scale": (2, 1)},
        {"crop": 0},
        {"mosaic": 1.5},
        {"visible": -1},
        {"rotate": 200},
        {"shift": 1},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_options_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be .*; got"):
        Augmentation(**wrong)
