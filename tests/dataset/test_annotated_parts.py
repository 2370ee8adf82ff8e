"""Parts of annotated images in every format: what valid shows and train does not, found with its file and line."""

import numpy as np
import pytest
import yaml
from PIL import Image

from image_sets import box_table, coco, cvat, labelme, labelme_shape, save_image, voc, voc_object, yolo
from jumok.data.annotations.checking.examining import examine
from jumok.data.images.looks import Looks
from jumok.dataset import prepare
from jumok.errors import DataError
from jumok.experiment import read_experiment

BOX = "{} 0.5 0.5 0.5 0.5\n"


def voc_parts(folder):
    voc(folder, voc_object("cat", 1, 1, 9, 9), "a", "train")
    voc(folder, voc_object("cat", 1, 1, 9, 9), "b", "val")
    voc(folder, voc_object("cat", 1, 1, 9, 9) + "\n" + voc_object("bird", 1, 1, 9, 9), "c", "val")
    return {"voc": folder, "split": "train"}, {"voc": folder, "split": "val"}, "Annotations/c.xml:5"


def coco_parts(folder):
    one = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]}
    kinds = [{"id": 3, "name": "cat"}, {"id": 4, "name": "bird"}]
    bird = {**one, "id": 2, "image_id": 90, "category_id": 4}
    train = coco(folder / "train", annotations=[one], categories=kinds[:1])
    valid = coco(folder / "valid", annotations=[one, bird], categories=kinds)
    return {"coco": train}, {"coco": valid}, "valid/instances.json:8"


def table_parts(folder):
    for part in ("train", "valid"):
        save_image(folder / part / "b.png", seed=3)
    rows = ("b.png,64,48,cat,4,5,20,30", "a.png,64,48,bird,4,5,20,30")
    train, valid = box_table(folder / "train"), box_table(folder / "valid", *rows)
    return {"boxes": train}, {"boxes": valid}, "valid/boxes.csv:3"


def labelme_parts(folder):
    labelme(folder / "train")
    labelme(folder / "valid", name="c")
    bird = labelme_shape("bird", (1, 2), (9, 9))
    valid = labelme(folder / "valid", labelme_shape("cat", (1, 2), (9, 9)), bird, name="b")
    return {"labelme": folder / "train"}, {"labelme": valid}, "valid/b.json:3"


PARTS = {"voc": voc_parts, "coco": coco_parts, "boxes": table_parts, "labelme": labelme_parts}


def experiment(folder, train, valid, **data):
    parts = {"train": train, "valid": valid, **data}
    plain = {
        part: {key: str(value) for key, value in source.items()} if isinstance(source, dict) else source
        for part, source in parts.items()
    }
    options = {
        "inputs": {"photo": {"kind": "image", "size": 64, "encoder": {"backbone": "convolutional"}}},
        "outputs": {"seen": {"kind": "boxes"}},
        "data": plain,
    }
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(options))
    return read_experiment(file)


@pytest.mark.parametrize("kind", PARTS)
def test_a_class_that_only_valid_shows_is_told_at_its_line_and_can_be_skipped(tmp_path, kind):
    train, valid, place = PARTS[kind](tmp_path)
    said: list[str] = []
    with pytest.raises(DataError) as caught:
        prepare(experiment(tmp_path, train, valid), said.append)
    assert f"{tmp_path / place}: 'bird' is marked here, but training knows only cat" in str(caught.value)
    assert "data.on_bad_rows: skip" in str(caught.value)
    prepared = prepare(experiment(tmp_path, train, valid, on_bad_rows="skip"), said.append)
    assert len(prepared.splits["valid"]) == 1 and any("unknown class" in one and place in one for one in said)


@pytest.mark.parametrize("kind", ["cvat", "yolo"])
def test_formats_with_a_list_of_classes_have_the_same_in_all_parts(tmp_path, kind):
    if kind == "cvat":
        boxes = [f'<box label="{name}" xtl="4" ytl="5" xbr="20" ybr="30"/>' for name in ("dog", "cat")]
        parts = [{"cvat": cvat(tmp_path / part, *boxes)} for part in ("train", "valid")]
    else:
        file = yolo(
            tmp_path,
            {"a": BOX.format(0) + BOX.format(1)},
            "train: images/train\nval: images/train\nnames: [dog, cat]\n",
        )
        parts = [{"yolo": file, "split": split} for split in ("train", "val")]
    prepared = prepare(experiment(tmp_path, *parts), lambda said: None)
    assert [one.name for one in prepared.outputs["seen"].classes.classes] == ["dog", "cat"]
    assert len(prepared.splits["valid"]) == 1


def test_how_labels_were_found_is_said_in_training(tmp_path):
    file = yolo(tmp_path, {"a": BOX.format(0), "b": BOX.format(0)}, "train: images/train\nnames: [dog]\n")
    (tmp_path / "labels").rename(tmp_path / "Labels")
    said: list[str] = []
    source = {"yolo": file, "split": "train"}
    prepare(experiment(tmp_path, source, source), said.append)
    assert sum("the labels of 2 images were found in" in one for one in said) == 1


def test_a_fault_of_train_is_not_told_of_valid_again(tmp_path):
    one = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]}
    train = coco(tmp_path / "train", annotations=[], categories=[])
    valid = coco(tmp_path / "valid", annotations=[one])
    prepared = prepare(experiment(tmp_path, {"coco": train}, {"coco": valid}), print, tolerant=True)
    told = [*prepared.faults["train"].faults, *prepared.split_faults["train"].shown]
    assert "no object is marked in any image that could be learned" in str(told[0])
    assert not prepared.faults["valid"].faults and not prepared.split_faults["valid"].shown


def test_a_source_without_images_is_told(tmp_path):
    empty = coco(tmp_path / "train", images=[], annotations=[])
    valid = coco(tmp_path / "valid")
    prepared = prepare(experiment(tmp_path, {"coco": empty}, {"coco": valid}), print, tolerant=True)
    assert "holds no images" in str(prepared.faults["train"].fatal[0])


def test_a_leak_is_told_at_the_lines_that_list_the_image(tmp_path):
    one = {"id": 1, "image_id": 90, "category_id": 3, "bbox": [1, 2, 3, 4]}
    file = coco(tmp_path, annotations=[one, {**one, "id": 2, "category_id": 18}])
    said: list[str] = []
    prepare(experiment(tmp_path, {"coco": file}, {"coco": file}), said.append)
    assert any(f"{file}:3 is {file}:3: 'a.png'" in sentence for sentence in said)


def test_a_faulty_outline_is_told_once_where_a_mask_is_asked_for(tmp_path):
    one = {"id": 1, "image_id": 90, "category_id": 3, "bbox": [1, 2, 3, 4], "segmentation": [[1, 2, 3, 4]]}
    good = {**one, "id": 2, "segmentation": [[1, 2, 3, 4, 5, 9]]}
    file = coco(tmp_path, annotations=[one, good])
    given = experiment(tmp_path, {"coco": file}, {"coco": file})
    data = given.data.train.read()
    assert len(examine(data, Looks(), ("image", "mask")).faults) == 1


def test_a_class_that_train_never_shows_is_a_fault_and_may_be_known(tmp_path):
    groups = [{"id": 1, "name": "animal"}, {"id": 3, "name": "cat", "supercategory": "animal"}]
    one = {"id": 1, "image_id": 90, "category_id": 3, "bbox": [1, 2, 3, 4]}
    file = coco(tmp_path, annotations=[one], categories=[*groups, {"id": 4, "name": "bird"}])
    with pytest.raises(DataError) as caught:
        prepare(experiment(tmp_path, {"coco": file}, {"coco": file}), print)
    sentence = f"{file}: nothing in train is marked as 'bird', so that class cannot be learned"
    assert sentence in str(caught.value)
    assert str(caught.value).endswith(", or set data.on_bad_rows: skip to go on all the same")
    said: list[str] = []
    prepared = prepare(experiment(tmp_path, {"coco": file}, {"coco": file}, on_bad_rows="skip"), said.append)
    assert len(prepared.splits["train"]) == 2 and any(sentence in one for one in said)
    assert not any("skipped" in one for one in said)


def test_images_that_use_fewer_of_their_16_bits_than_others_are_a_fault(tmp_path):
    one = {"id": 1, "image_id": 90, "category_id": 3, "bbox": [1, 2, 3, 4]}
    file = coco(tmp_path, annotations=[one, {**one, "id": 2, "category_id": 18}])
    for name, most in (("a.png", 900), ("night/b.png", 40_000)):
        Image.fromarray(np.linspace(0, most, 64 * 48).reshape(48, 64).astype(np.uint16)).save(tmp_path / name)
    given = experiment(tmp_path, {"coco": file}, {"coco": file}, on_bad_rows="skip")
    said: list[str] = []
    assert len(prepare(given, said.append).splits["train"]) == 2
    assert (
        f"train: {tmp_path / 'a.png'}: has 16 bits a pixel, of which 12 are used, while other images here use 16, so "
        "that it would be read 16 times as bright; save all images with 8 bits, scaled alike" in said
    )
    again = prepare(given, said.append)  # from the cache
    assert [fault.kind for fault in again.split_faults["valid"].shown] == ["mixed_bits"]
