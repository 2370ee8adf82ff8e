"""Folders of one mask for each object."""

import numpy as np
import pytest
from PIL import Image

from image_sets import object_masks, save_image, save_object_mask
from jumok.data.annotations.masks.object_masks import read_object_masks
from jumok.data.annotations.segmentation import RunLengths, covered
from jumok.data.annotations.splits.detecting import detect_format, look_at, split_names
from jumok.data.annotations.splits.reading import read_splits

BOXES = [(2, 3, 12, 8), (30, 20, 34, 28)]


def beside(folder, *masks):
    """Images a, a_1 and b beside a folder of masks."""
    for seed, name in enumerate(("a", "a_1", "b")):
        save_image(folder / "images" / f"{name}.png", seed=seed)
    for name in masks:
        save_object_mask(folder / "masks" / name, BOXES[0])
    return folder


def found(data):
    return {one.name: [mark.name for mark in one.annotations] for one in data.images}


def test_a_folder_for_each_image(tmp_path):
    data = read_object_masks(object_masks(tmp_path))
    assert data.faults == () and data.names == ("object",)
    assert [one.path for one in data.images] == [tmp_path / n / "images" / f"{n}.png" for n in ("n1", "n2")]
    for image in data.images:
        assert [one.box for one in image.annotations] == BOXES
        assert all(isinstance(one.segmentation, RunLengths) for one in image.annotations)
        assert covered(image.annotations[0].segmentation, 64, 48).sum() == 50
    assert read_object_masks(tmp_path, None, ["nucleus"]).images[0].annotations[0].name == "nucleus"


NAMES = {
    "numbers behind the name": (["a_1_1.png", "a-2.png", "b_1.png"], {"a": 1, "a_1": 1, "b": 1}),
    "a folder for each image": (["a/x.png", "a/y.png", "b/a_1.png"], {"a": 2, "b": 1}),
    "words for masks": (["a_mask_1.png", "a_mask_2.png", "b_instance.png"], {"a": 2, "b": 1}),
}


@pytest.mark.parametrize("name", NAMES)
def test_masks_beside_images(tmp_path, name):
    masks, counts = NAMES[name]
    data = read_object_masks(beside(tmp_path, *masks))
    assert data.faults == () and data.names == ("object",)
    assert {stem: len(one) for stem, one in found(data).items()} == {f"{k}.png": v for k, v in counts.items()}
    assert read_object_masks(tmp_path / "masks").images == data.images
    bare = 3 - len(counts)
    assert [f"{bare} image" in str(one) for one in data.remarks] == [True] * (bare > 0)


def test_names_may_say_the_class(tmp_path):
    data = read_object_masks(beside(tmp_path, "a_cat_1.png", "a_dog_2.png", "dog/b_1.png", "b_3.png"))
    assert data.faults == () and data.names == ("cat", "dog", "object")
    assert found(data) == {"a.png": ["cat", "dog"], "b.png": ["object", "dog"]}


def test_an_empty_folder_says_that_there_is_nothing(tmp_path):
    (beside(tmp_path, "a_1_1.png", "a_2.png") / "masks" / "b").mkdir()
    data = read_object_masks(tmp_path)
    assert found(data)["b.png"] == [] and data.remarks == ()


def test_faults_are_told_by_file(tmp_path):
    object_masks(tmp_path)
    masks = tmp_path / "n1" / "masks"
    save_object_mask(masks / "a.png")
    save_object_mask(masks / "b.png", (0, 0, 2, 2), size=(9, 9))
    values = np.zeros((48, 64), np.uint8)
    values[3:5, 4:9], values[9, 9] = 1, 2
    Image.fromarray(values).save(masks / "c.png")
    (masks / "d.png").write_bytes(b"no image")
    Image.fromarray(values).convert("RGB").save(masks / "e.jpg")
    save_image(tmp_path / "n2" / "images" / "more.png")
    data = read_object_masks(tmp_path)
    told = {str(fault).split(": ", 1)[0]: str(fault) for fault in data.faults}
    assert "has no pixel above 0; paint the object" in told[str(masks / "a.png")]
    assert "is 9 × 9, but its image is 64 × 48" in told[str(masks / "b.png")]
    assert "holds 2 values above 0, expected the one object" in told[str(masks / "c.png")]
    assert str(masks / "d.png") in told
    assert "is a JPEG image, which does not keep the exact values" in told[str(masks / "e.jpg")]
    assert "holds 2 images, expected one" in told[str(tmp_path / "n2" / "images")]
    assert len(data.faults) == 6 and data.annotation_count == 2


def test_masks_of_no_image_and_missing_folders_are_told(tmp_path):
    data = read_object_masks(beside(tmp_path, "a_2.png", "zebra_1.png"))
    (fault,) = data.faults
    assert (
        str(fault)
        == f"{tmp_path / 'masks' / 'zebra_1.png'}: is the mask of no image; call it like its image: a_1.png of a.jpg"
    )
    (tmp_path / "empty").mkdir()
    assert "holds no images with masks of their objects" in str(
        read_object_masks(tmp_path / "empty").faults[0]
    )
    assert "does not exist" in str(read_object_masks(tmp_path / "nothing").faults[0])


def test_such_folders_are_recognized_and_masks_of_classes_are_not(tmp_path):
    object_masks(tmp_path / "own")
    object_masks(tmp_path / "split" / "train")
    object_masks(tmp_path / "split" / "valid", "v1")
    beside(tmp_path / "beside", "a_2.png", "a_3.png", "b_1.png")
    for name in ("own", "beside"):
        source = detect_format(tmp_path / name)
        assert source.format == "object_masks" and split_names(source) == ["all"]
    assert list(read_splits(tmp_path / "split")) == ["train", "valid"]
    assert len(read_splits(tmp_path / "split", wanted=["valid"])["valid"].images) == 1
    beside(tmp_path / "classes", "a.png", "a_1.png", "b.png")
    for name in ("train", "valid"):
        beside(tmp_path / "parts" / name, "a.png", "a_1.png", "b.png")
    assert look_at(tmp_path / "classes") is None and look_at(tmp_path / "parts") is None
