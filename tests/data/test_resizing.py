"""Images fit their canvas, keep their aspect, and what is marked in them stays where it is."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch.testing import assert_close

from jumok.data.images.resizing import (
    ImageSample,
    Window,
    crop_resize,
    fit_to_canvas,
    fitting_size,
    pixels_of,
    scaled_boxes,
)

sides = st.integers(1, 400)


def fitted_image(image, canvas):
    pixels = pixels_of(image)
    return fit_to_canvas(ImageSample(pixels, tuple(pixels.shape[1:])), canvas).image


def with_rectangle(size, box):
    """A black image with a white rectangle, its box and its mask (class 3 on class 0)."""
    x1, y1, x2, y2 = box
    mask = torch.zeros(size, dtype=torch.int16)
    mask[y1:y2, x1:x2] = 3
    image = (mask > 0).to(torch.uint8).mul(255).expand(3, *size).clone()
    return ImageSample(
        image, size, torch.tensor([box]).float(), torch.tensor([3]), torch.tensor([False]), mask
    )


@given(size=st.tuples(sides, sides), canvas=st.tuples(sides, sides))
def test_images_touch_the_canvas_and_keep_their_aspect(size, canvas):
    height, width = fitting_size(size, canvas)
    assert 1 <= height <= canvas[0] and 1 <= width <= canvas[1]
    assert height == canvas[0] or width == canvas[1]
    scale = min(canvas[0] / size[0], canvas[1] / size[1])
    assert abs(height - size[0] * scale) <= 1 and abs(width - size[1] * scale) <= 1


@pytest.mark.parametrize("canvas", [(48, 64), (96, 128), (100, 128), (33, 200), (17, 31)])
def test_boxes_and_masks_stay_with_the_image(canvas):
    image = with_rectangle((48, 64), (13, 7, 41, 30))
    result = fit_to_canvas(image, canvas)
    assert result.size == result.mask.shape and result.original == (48, 64)
    x1, y1, x2, y2 = result.boxes[0].tolist()
    for bright in (result.image[0] > 127, result.mask == 3):
        rows, columns = bright.any(1).nonzero(), bright.any(0).nonzero()
        assert abs(rows.min() - y1) <= 0.51 and abs(rows.max() + 1 - y2) <= 0.51
        assert abs(columns.min() - x1) <= 0.51 and abs(columns.max() + 1 - x2) <= 0.51


def test_an_image_of_the_right_size_is_unchanged():
    image = with_rectangle((48, 64), (13, 7, 41, 30))
    result = fit_to_canvas(image, (48, 64))
    for name in ("image", "boxes", "labels", "crowd", "mask"):
        assert torch.equal(getattr(result, name), getattr(image, name))


def test_what_is_not_marked_stays_so():
    result = fit_to_canvas(ImageSample(torch.zeros(3, 20, 10, dtype=torch.uint8), (40, 20)), (10, 10))
    assert result.size == (10, 5) and result.original == (40, 20)
    assert result.boxes is result.labels is result.crowd is result.mask is None
    none = ImageSample(torch.zeros(3, 20, 10, dtype=torch.uint8), (20, 10), torch.zeros(0, 4))
    assert fit_to_canvas(none, (10, 10)).boxes.shape == (0, 4)


def test_a_window_shifts_boxes_and_leaves_them_whole():
    image = with_rectangle((48, 64), (10, 8, 40, 30))
    result = crop_resize(image, Window(top=18, left=20, height=20, width=30), (40, 90))
    assert_close(result.boxes, torch.tensor([[-30.0, -20, 60, 24]]))
    assert result.size == result.mask.shape == (40, 90)


def test_unknown_pixels_stay_unknown():
    mask = torch.full((8, 8), -1, dtype=torch.int16)
    mask[:, 4:] = 2
    image = ImageSample(torch.zeros(3, 8, 8, dtype=torch.uint8), (8, 8), mask=mask)
    assert fit_to_canvas(image, (24, 24)).mask.unique().tolist() == [-1, 2]
    assert fit_to_canvas(image, (24, 24)).mask.dtype == torch.int16


def test_pillow_images_and_pixels_are_alike():
    colours = np.random.default_rng(0).integers(0, 255, (30, 50, 3), np.uint8)
    image = Image.fromarray(colours)
    assert torch.equal(pixels_of(image), torch.from_numpy(colours).permute(2, 0, 1))
    assert fitted_image(image, (15, 40)).shape == (3, 15, 25)


def test_smooth_images_are_scaled_as_by_pillow():
    ramp = np.linspace(0, 255, 60 * 80).reshape(60, 80).astype(np.uint8)
    image = Image.fromarray(np.stack((ramp, ramp.T.reshape(60, 80), 255 - ramp), -1))
    expected = pixels_of(image.resize((40, 30), Image.Resampling.BILINEAR))
    difference = fitted_image(image, (30, 40)).int() - expected.int()
    assert difference.abs().max() <= 1


def test_scaled_boxes_come_back():
    boxes = torch.rand(2, 5, 4) * 100
    there = scaled_boxes(boxes, (480, 640), (150, 200))
    assert_close(scaled_boxes(there, (150, 200), (480, 640)), boxes)
    whole = scaled_boxes(torch.tensor([0.0, 0, 640, 480]), (480, 640), (150, 201))
    assert_close(whole, torch.tensor([0.0, 0, 201, 150]))
