import numpy as np
import pytest
from PIL import Image

from image_sets import NOWHERE, save_image
from jumok.classes import Class
from jumok.data.annotations.annotated import AnnotatedImage, AnnotatedSet, Annotation
from jumok.data.annotations.checking.examining import examine
from jumok.data.annotations.masks.class_masks import class_values, read_masks, write_masks
from jumok.data.images.looks import Looks
from jumok.data.images.mask_images import read_mask
from jumok.data.images.reading import Size

NUMBERS = np.array([[0, 1], [2, 255]], np.uint8)


def save_mask(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


@pytest.fixture
def folder(tmp_path):
    for name in ("a", "deep/b"):
        save_image(tmp_path / "images" / f"{name}.jpg", 2, 2)
        save_mask(tmp_path / "masks" / f"{name}.png", NUMBERS)
    return tmp_path


def test_pairs_by_name(folder):
    data = read_masks(folder / "masks", ["sky", "road", "car"], folder / "images")
    assert [image.name for image in data.images] == ["a.jpg", "deep/b.jpg"] and data.faults == ()
    assert data.images[1].mask == folder / "masks" / "deep" / "b.png" and data.ignore == 255
    save_image(folder / "images" / "c.jpg")
    save_mask(folder / "masks" / "d.png", NUMBERS)
    faults = read_masks(folder / "masks", ["sky"], folder / "images").faults
    assert [str(fault).split(": ")[1][:12] for fault in faults] == ["has no mask ", "has no image"]
    found = read_masks(folder / "masks", ["sky"])
    assert found.images == data.images and "the images are taken from" in str(found.remarks[0])


def test_pairs_by_list(folder):
    lists = folder / "train.txt"
    lists.write_text("images/a.jpg masks/a.png\n\nimages/deep/b.jpg masks/x.png\nimages/a.jpg\n")
    data = read_masks(lists, ["sky", "road"])
    assert [image.name for image in data.images] == ["images/a.jpg"]
    assert data.images[0].place == (str(lists), 1)
    assert [(fault.line, fault.kind) for fault in data.faults] == [(3, "missing_mask"), (4, "value_count")]
    lists.write_text("images/a.jpg\tmasks/a.png\n")
    assert len(read_masks(lists, ["sky"]).images) == 1


def test_colours_become_numbers():
    data = AnnotatedSet((Class("sky", 0, colour=(1, 2, 3)), Class("road", 1, colour=(9, 9, 9))), (), ignore=7)
    colours = np.array([[[1, 2, 3], [9, 9, 9], [9, 9, 8]]], np.uint8)
    assert class_values(colours, data.classes, data.ignore).tolist() == [[0, 1, 7]]


def test_masks_go_there_and_back(folder):
    data = read_masks(folder / "masks", ["sky", "road", "car"], folder / "images")
    write_masks(data, folder / "new", "train")
    again = read_masks(folder / "new" / "train.txt", ["sky", "road", "car"])
    assert np.array_equal(read_mask(again.images[0].mask), NUMBERS)


def test_outlines_are_painted_in_their_order(tmp_path):
    square = ((0.0, 0.0, 3.0, 0.0, 3.0, 3.0, 0.0, 3.0),)
    over = ((1.0, 1.0, 4.0, 1.0, 4.0, 4.0, 1.0, 4.0),)
    objects = (
        Annotation((0, 0, 3, 3), "cat", NOWHERE, segmentation=square),
        Annotation((1, 1, 4, 4), "dog", NOWHERE, segmentation=over),
    )
    image = AnnotatedImage(tmp_path / "a.png", "a.png", NOWHERE, Size(5, 4), objects)
    write_masks(AnnotatedSet((Class("cat"), Class("dog")), (image,)), tmp_path, "train")
    mask = read_mask(tmp_path / "masks" / "train" / "a.png")
    assert mask.tolist() == [[1, 1, 1, 0, 0], [1, 2, 2, 2, 0], [1, 2, 2, 2, 0], [0, 2, 2, 2, 0]]


def test_a_mask_of_nothing_but_ignored_pixels_is_a_fault_that_leaves_it_out(folder):
    save_mask(folder / "masks" / "a.png", np.full_like(NUMBERS, 255))
    data = read_masks(folder / "masks", ["sky", "road", "car"], folder / "images")
    found = examine(data, Looks(), ("image", "mask"))
    assert [str(fault) for fault in found.faults] == [
        f"{folder / 'masks' / 'a.png'}: holds only 255, the value to ignore, so that nothing can be learned from "
        "it; label some pixels, or remove the mask and its image"
    ]
    assert [one.image.name for one in found.usable] == ["deep/b.jpg"]
