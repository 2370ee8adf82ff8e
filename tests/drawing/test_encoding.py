import io

import numpy as np
import pytest
from PIL import Image

from jumok.drawing.encoding import jpeg, png
from jumok.drawing.masks import mask_image

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 300, 3)).astype(np.uint8))


@pytest.mark.parametrize("most", [60_000, 20_000, 4_000])
def test_an_image_is_made_small_enough(most):
    data = jpeg(NOISE, most)
    assert len(data) <= most
    width, height = Image.open(io.BytesIO(data)).size
    assert width / height == pytest.approx(1.5, rel=0.03)
    assert len(jpeg(NOISE)) > most or most == 60_000


def test_a_mask_keeps_its_values_and_colours():
    values = np.array([[0, 3], [250, 3]])
    again = Image.open(io.BytesIO(png(mask_image(values, {0: (9, 9, 9), 3: (200, 10, 20)}))))
    assert (np.asarray(again) == values).all()
    assert again.convert("RGB").getpixel((1, 0)) == (200, 10, 20)
    many = np.array([[0, 70], [3000, 3]])
    assert (np.asarray(Image.open(io.BytesIO(png(mask_image(many, {3000: (1, 2, 3)}))))) == many).all()
