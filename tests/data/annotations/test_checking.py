import numpy as np
import pytest
from PIL import Image

from image_sets import coco, save_image, voc, voc_object, yolo
from jumok.data.annotations.coco.reading import read_coco
from jumok.data.annotations.masks.class_masks import read_masks
from jumok.data.annotations.voc.reading import read_voc
from jumok.data.annotations.yolo.reading import read_yolo
from read_sources import check_annotations, kinds


def sentences(data, split="train"):
    return [str(fault) for fault in check_annotations({split: data})[0]]


def test_good_data_have_no_faults(tmp_path):
    assert check_annotations({"train": read_coco(coco(tmp_path))}) == ([], [])


def test_boxes_without_area_or_outside(tmp_path):
    objects = [
        voc_object("dog", 5, 5, 5, 5),
        voc_object("dog", 9, 5, 4, 8),
        voc_object("dog", 1, 1, 70, 50),
        voc_object("dog", 0, 1, 64.4, 48),
    ]
    folder = voc(tmp_path, "\n".join(objects))
    place = tmp_path / "Annotations" / "a.xml"
    assert sentences(read_voc(folder, "train")) == [
        f"{place}:4: the box of 'dog' is a single point: x 4 to 5, y 4 to 5; remove it or draw it again",
        f"{place}:5: the box of 'dog' has its corners swapped: x 8 to 4, y 4 to 8; swap the smaller and the larger "
        "edge, or draw it again",
        f"{place}:6: the box of 'dog' reaches 6 pixels beyond the right edge and 2 pixels beyond the lower edge "
        "of the image (64 × 48): x 0 to 70, y 0 to 50; draw it again or clip it",
        f"{place}:7: the box of 'dog' reaches 1 pixels beyond the left edge of the image (64 × 48): "
        "x -1 to 64.4, y 0 to 48; draw it again or clip it",
    ]


def test_yolo_boxes_outside(tmp_path):
    (sentence,) = sentences(
        read_yolo(yolo(tmp_path, {"a": "0 0.5 0.5 0.5 0.5\n0 0.9 0.5 0.5 0.5\n"}), "train")
    )
    assert ":2: the box of 'cat' reaches 9.6 pixels beyond the right edge" in sentence


def test_unknown_classes(tmp_path):
    objects = voc_object("dgo", 1, 1, 9, 9) + voc_object("dog", 1, 1, 9, 9) + voc_object("dgo", 1, 1, 9, 9)
    (sentence,) = sentences(read_voc(voc(tmp_path, objects), "train", ["cat", "dog"]))
    assert "'dgo' is no class, there are cat, dog; so are 1 more; did you mean 'dog'?" in sentence


def test_missing_and_damaged_images(tmp_path):
    file = coco(tmp_path)
    (tmp_path / "a.png").write_bytes((tmp_path / "night" / "b.png").read_bytes()[:2000])
    (tmp_path / "night" / "b.png").unlink()
    broken, missing = sentences(read_coco(file))
    assert broken.startswith(f"{tmp_path / 'a.png'}: cannot be decoded")
    assert missing.startswith(f"{file}:4: lists {tmp_path / 'night' / 'b.png'}, which does not exist")


def test_a_wrong_folder_is_one_fault(tmp_path):
    (sentence,) = sentences(read_coco(coco(tmp_path), tmp_path / "elsewhere"))
    assert "none of the 2 images that it lists exists" in sentence and "images:" in sentence


def test_another_size_than_stated(tmp_path):
    file = coco(tmp_path)
    save_image(tmp_path / "a.png", 60, 40)
    assert sentences(read_coco(file)) == [
        f"{file}:3: states 64 × 48, but {tmp_path / 'a.png'} is 60 × 40; "
        "annotate this image again or fetch the right one"
    ]


@pytest.mark.parametrize(("stored", "stated"), [((48, 64), "upright"), ((64, 48), "unturned")])
def test_images_that_exif_turns(tmp_path, stored, stated):
    file = coco(tmp_path, annotations=[])
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.effect_noise(stored, 50).save(tmp_path / "a.png", exif=exif)
    found = check_annotations({"train": read_coco(file)})
    faults, remarks = (kinds(part) for part in found)
    assert (faults, remarks) == (([], ["exif_rotation"]) if stated == "upright" else (["exif_rotation"], []))
    if stated == "unturned":
        assert f"{file}:3: states 64 × 48, the size that" in str(found[0][0])
        assert "shown as 48 × 64" in str(found[0][0])


def test_one_image_in_two_splits_or_twice(tmp_path):
    file = coco(tmp_path, annotations=[])
    (tmp_path / "night" / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    data = read_coco(file)
    (twice,) = check_annotations({"train": data})[1]
    assert twice.kind == "duplicate_image" and twice.line == 4
    leaks = [one for one in check_annotations({"train": data, "val": data})[1] if one.kind == "leak"]
    assert len(leaks) == 2
    assert f"{tmp_path / 'a.png'} in val is the same image as {tmp_path / 'a.png'} in train" in str(leaks[0])


def masks_of(tmp_path, values, classes, ignore=255):
    save_image(tmp_path / "images" / "a.png", 4, 2)
    (tmp_path / "masks").mkdir(exist_ok=True)
    Image.fromarray(np.array(values, np.uint8)).save(tmp_path / "masks" / "a.png")
    return sentences(read_masks(tmp_path / "masks", classes, tmp_path / "images", ignore))


def test_values_and_sizes_of_masks(tmp_path):
    assert masks_of(tmp_path, [[0, 1, 0, 255]] * 2, ["sky", "road"]) == []
    (sentence,) = masks_of(tmp_path, [[0, 1, 9, 9], [7, 0, 0, 255]], ["sky", "road"], None)
    assert "holds values that no class has: 7 (1 pixels), 9 (2 pixels), 255 (1 pixels)" in sentence
    (sentence,) = masks_of(tmp_path, [[0, 1, 0]], ["sky", "road"])
    assert "is 3 × 1, but its image is 4 × 2" in sentence
    colours = {"sky": (1, 2, 3), "road": (0, 0, 0)}
    assert masks_of(tmp_path, [[[1, 2, 3]] * 4, [[0, 0, 0]] * 4], colours) == []
    (sentence,) = masks_of(tmp_path, [[[1, 2, 3]] * 4, [[9, 8, 7]] * 4], colours)
    assert "holds colours that no class has: [9, 8, 7] (4 pixels)" in sentence
    assert masks_of(tmp_path, [[0] * 4] * 2, colours) == []  # grey is a colour, too
    assert "holds colours that no class has: [7, 7, 7]" in masks_of(tmp_path, [[7] * 4] * 2, colours)[0]
    assert "give classes: {name: [red" in masks_of(tmp_path, [[[1, 2, 3]] * 4] * 2, ["sky"])[0]
    (tmp_path / "masks" / "a.png").write_bytes(b"x")
    data = read_masks(tmp_path / "masks", ["sky"], tmp_path / "images")
    assert "is another kind of file or damaged" in sentences(data)[0]


def test_swapped_corners_are_told(tmp_path):
    (sentence,) = sentences(read_voc(voc(tmp_path, voc_object("dog", 30, 25, 6, 6)), "train"))
    assert "the box of 'dog' has its corners swapped: x 29 to 6, y 24 to 6; swap" in sentence


def test_a_missing_image_of_a_list_is_told_once_and_can_be_skipped(tmp_path):
    file = yolo(tmp_path, {"a": "0 0.5 0.5 0.5 0.5\n", "b": ""}, "train: list.txt\nnames: [cat, dog]\n")
    (tmp_path / "list.txt").write_text("images/train/a.png\nimages/train/b.png\n")
    (tmp_path / "images" / "train" / "a.png").unlink()
    (fault,) = check_annotations({"train": read_yolo(file, "train")})[0]
    assert (fault.kind, fault.line) == ("missing_image", 1)
    (tmp_path / "images" / "train" / "b.png").unlink()
    (fault,) = check_annotations({"train": read_yolo(file, "train")})[0]
    assert fault.kind == "missing_file" and "correct the list" in fault.remedy
