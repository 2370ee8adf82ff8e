import numpy as np
import pytest
import torch

from jumok.data.annotations.palette import PALETTE
from jumok.drawing.sheet import PAPER, LabelledImage, draw_image, draw_sheet, font_for

BLACK = torch.zeros(3, 60, 80, dtype=torch.uint8)


def test_a_grid_with_a_legend():
    images = [LabelledImage(BLACK, "a name much longer than the image is wide " * 3)] * 5
    sheet = draw_sheet(images, ["cat"], columns=3, cell=160)
    assert sheet.width == 3 * 160 + 4 * 12 and sheet.height > 2 * 120
    assert sheet.getpixel((sheet.width - 20, sheet.height - 20)) == PAPER  # the sixth place is empty
    named = LabelledImage(BLACK, boxes=torch.tensor([[5.0, 5, 40, 40]]), labels=(1,))
    sheet = draw_sheet([named], ["cat", "dog"], cell=160)
    colours = {colour for _, colour in sheet.getcolors(10**6)}
    assert PALETTE[1] in colours and PALETTE[0] not in colours


@pytest.mark.parametrize(
    "box", [[0.0, 0, 80, 60], [70, 0, 80, 5], [60, 50, 90, 90], [-9, -9, 3, 3], [7, 7, 5, 5]]
)
def test_names_stay_inside_the_image(box):
    """The whole tag shows: as many of its pixels as of a tag in the middle."""

    def letters(box):
        image = LabelledImage(BLACK, boxes=torch.tensor([box]), labels=(2,))
        drawn = np.asarray(draw_image(image, ["", "", "quite long"], 400))
        return (drawn.min(-1) > 150).sum()  # white letters

    assert letters(box) == letters([30.0, 30, 35, 35]) > 50


def test_masks_are_laid_over_the_image():
    mask = torch.full((60, 80), -1)
    mask[:30] = 0
    drawn = draw_image(LabelledImage(BLACK, mask=mask), ["sky"], 160)
    assert drawn.getpixel((80, 100)) == (0, 0, 0)
    assert np.allclose(drawn.getpixel((80, 20)), np.array(PALETTE[0]) / 2, atol=1)
    assert draw_image(LabelledImage(BLACK, mask=mask * 0 - 1), ["sky"], 160).getcolors() == [
        (160 * 120, (0, 0, 0))
    ]


def test_letters_of_every_script_have_a_font():
    assert font_for("cat", 12).getname()[0] == "DejaVu Sans"
    assert font_for("검은 개", 12).size == 12


def test_tags_do_not_hide_each_other():
    same = torch.tensor([[10.0, 20, 60, 50]]).repeat(2, 1)

    def coloured(labels):
        image = LabelledImage(BLACK, boxes=same, labels=labels, tags=("one 0.4", "two 0.5"))
        pixels = np.asarray(draw_image(image, ["a", "b"], 400))
        return [(pixels == colour).all(-1).sum() for colour in PALETTE[:2]]

    below, above = coloured((0, 1))
    assert below > 200 and above > 200


def test_titles_are_wrapped_and_tall_images_are_not_endless():
    words = LabelledImage(BLACK, "a sentence of some words " * 4)
    assert (
        draw_sheet([words], [], cell=160).height
        > draw_sheet([LabelledImage(BLACK, "a")], [], cell=160).height
    )
    assert draw_sheet([LabelledImage(BLACK, "word " * 500)], [], cell=160).height < 400
    tall = torch.zeros(3, 900, 30, dtype=torch.uint8)
    assert draw_image(LabelledImage(tall), [], 160).height == 240


def test_the_background_is_not_painted_and_not_in_the_legend():
    mask = torch.zeros(60, 80, dtype=torch.int32)
    mask[:30] = 1
    image = LabelledImage(BLACK, mask=mask)
    drawn = draw_image(image, ["background", "cell"], 160)
    assert drawn.getpixel((80, 100)) == (0, 0, 0)
    assert np.allclose(drawn.getpixel((80, 20)), np.array(PALETTE[1]) / 2, atol=1)
    colours = {colour for _, colour in draw_sheet([image], ["background", "cell"], cell=160).getcolors(10**6)}
    assert PALETTE[1] in colours and PALETTE[0] not in colours


def test_a_legend_grows_with_its_images():
    boxes = LabelledImage(BLACK, boxes=torch.tensor([[5.0, 5, 40, 40]]), labels=(0,))

    def legend(cell):
        return draw_sheet([boxes], ["cat"], 1, cell).height - round(cell * 60 / 80)

    assert legend(1600) > 1.5 * legend(480)
