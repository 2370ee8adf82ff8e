"""What format lies at a path, and that no conversion loses anything unsaid."""

import json
import os
import shutil
from dataclasses import replace

import pytest
from PIL import Image

from image_sets import (
    box_table,
    coco,
    cvat,
    labelme,
    labelstudio,
    object_masks,
    save_image,
    voc,
    voc_object,
    yolo,
)
from jumok.data.annotations.masks.class_masks import read_masks
from jumok.data.annotations.splits.detecting import detect_format, look_at, split_names
from jumok.data.annotations.splits.reading import read_splits, unify_classes
from jumok.data.annotations.splits.writing import write_splits
from jumok.data.images.mask_images import read_mask
from jumok.data.images.reading import Size
from jumok.errors import DataError

BOX = "0 0.5 0.5 0.5 0.5\n"
DOG = voc_object("dog", 1, 1, 9, 9)


def side_by_side(folder, *names):
    voc(folder / "v", DOG, "a")
    for name in names or ("",):
        (folder / name).mkdir(exist_ok=True)
        shutil.copy(folder / "v" / "Annotations" / "a.xml", folder / name / "a.xml")
        save_image(folder / name / "a.png")
    shutil.rmtree(folder / "v")
    return folder


def coco_in(folder, *names):
    for name in names:
        file = coco(folder / name)
        file.rename(folder / name / "_annotations.coco.json")
    return folder


def tables_in(folder, *names):
    for name in names:
        box_table(folder / name)
    return folder


def obj_data(folder):
    yolo(folder, {"a": BOX}).unlink()
    (folder / "obj.data").write_text("train = train.txt\nnames = obj.names\n")
    (folder / "obj.names").write_text("cat\n")
    (folder / "train.txt").write_text("images/train/a.png\n")
    return folder


SETS = {
    "a COCO file": (lambda folder: coco(folder), "coco", ["instances"]),
    "a folder of COCO": (lambda folder: coco(folder).parent, "coco", ["instances"]),
    "COCO as Roboflow has it": (lambda folder: coco_in(folder, "train", "valid"), "coco", ["train", "valid"]),
    "COCO under annotations/": (
        lambda folder: coco(folder / "annotations").parents[1],
        "coco",
        ["instances"],
    ),
    "VOC": (lambda folder: voc(folder, DOG), "voc", ["train"]),
    "VOC without lists": (side_by_side, "voc", ["all"]),
    "VOC as Roboflow has it": (
        lambda folder: side_by_side(folder, "train", "test"),
        "voc",
        ["train", "test"],
    ),
    "a data.yaml": (lambda folder: yolo(folder, {"a": BOX}), "yolo", ["train"]),
    "a folder of YOLO": (lambda folder: yolo(folder, {"a": BOX}).parent, "yolo", ["train"]),
    "YOLO 1.1 of CVAT": (obj_data, "yolo", ["train"]),
    "obj.data": (lambda folder: obj_data(folder) / "obj.data", "yolo", ["train"]),
    "labelme": (labelme, "labelme", ["all"]),
    "a file of labelme": (lambda folder: labelme(folder) / "a.json", "labelme", ["all"]),
    "labelme in parts": (lambda folder: labelme(folder / "train").parent, "labelme", ["train"]),
    "CVAT": (cvat, "cvat", ["all"]),
    "a folder of CVAT": (lambda folder: cvat(folder).parent, "cvat", ["all"]),
    "CVAT with subsets": (lambda folder: cvat(folder, more=' subset="Train"'), "cvat", ["Train"]),
    "Label Studio": (labelstudio, "labelstudio", ["project"]),
    "a folder of Label Studio": (lambda folder: labelstudio(folder).parent, "labelstudio", ["project"]),
    "Label Studio in parts": (
        lambda folder: labelstudio(folder / "train").parent.parent,
        "labelstudio",
        ["train"],
    ),
    "masks of objects": (object_masks, "object_masks", ["all"]),
    "masks of objects in parts": (
        lambda folder: object_masks(folder / "train").parent,
        "object_masks",
        ["train"],
    ),
    "labelme in folders": (
        lambda folder: labelme(folder / "monday" / "noon").parent.parent,
        "labelme",
        ["all"],
    ),
    "a table of boxes": (box_table, "boxes", ["boxes"]),
    "tables as Roboflow has them": (
        lambda folder: tables_in(folder, "train", "test"),
        "boxes",
        ["train", "test"],
    ),
}


@pytest.mark.parametrize("name", SETS)
def test_formats_are_recognized_and_read(tmp_path, name):
    make, kind, names = SETS[name]
    source = make(tmp_path)
    found = detect_format(source)
    assert found.format == kind and split_names(found) == names
    splits = read_splits(source)
    assert list(splits) == names
    assert all(data.faults == () and data.annotation_count for data in splits.values())
    for split in names:
        assert list(read_splits(source, wanted=[split])) == [split]


def test_what_is_not_known_is_named(tmp_path):
    save_image(tmp_path / "photos" / "a.jpg")
    save_image(tmp_path / "set" / "masks" / "a.png")
    save_image(tmp_path / "bare" / "a.jpg")
    (tmp_path / "bare" / "a.txt").write_text(BOX)
    (tmp_path / "none").mkdir()
    (tmp_path / "via").mkdir()
    (tmp_path / "via" / "a.json").write_text(json.dumps({"x": {"regions": []}}))
    (tmp_path / "notes.doc").write_text("x")
    told = {
        "photos": "holds 1 image but no annotations",
        "set": "boxes cannot be made of them",
        "bare": "no data.yaml; if they are YOLO's labels, write one",
        "none": "holds no annotations that are known",
        "via": "is a file of VIA",
        "notes.doc": "is no annotation file",
        "photos/a.jpg": "is no annotation file",
        "nothing": "does not exist",
    }
    for name, sentence in told.items():
        with pytest.raises(DataError) as caught:
            read_splits(tmp_path / name)
        assert sentence in str(caught.value) and name in str(caught.value)
    assert look_at(tmp_path / "photos") is None


def essence(splits):
    """Boxes by the stem of their image."""
    return {
        image.stem.split("/")[-1]: [(one.name, one.box) for one in image.annotations]
        for data in splits.values()
        for image in data.images
    }


NEW = {
    "labelme": lambda folder: labelme(folder),
    "cvat": lambda folder: cvat(folder),
    "labelstudio": lambda folder: labelstudio(folder),
    "object_masks": lambda folder: object_masks(folder),
    "boxes": lambda folder: box_table(folder),
    "voc": lambda folder: side_by_side(folder),
}


@pytest.mark.parametrize("kind", ["coco", "voc", "yolo", "labelme", "cvat", "labelstudio"])
@pytest.mark.parametrize("source", NEW)
def test_what_tools_leave_goes_to_every_format_and_is_read_again(tmp_path, kind, source):
    splits = unify_classes(read_splits(NEW[source](tmp_path / "old")))
    write_splits(splits, tmp_path / "new", kind, "copy")
    again = read_splits(tmp_path / "new")
    assert essence(again) == essence(splits) and all(essence(splits).values())


def outlined(folder, names=("cat", "background")):
    """Two polygons, of which the second is called background."""
    square, inner = [2, 2, 30, 2, 30, 30, 2, 30], [10, 10, 20, 10, 20, 20, 10, 20]
    objects = [
        {"id": 1, "image_id": 7, "category_id": 1, "bbox": [2, 2, 28, 28], "segmentation": [square]},
        {"id": 2, "image_id": 7, "category_id": 2, "bbox": [10, 10, 10, 10], "segmentation": [inner]},
    ]
    categories = [{"id": i, "name": name} for i, name in enumerate(names, start=1)]
    images = [{"id": 7, "file_name": "a.png", "width": 64, "height": 48}]
    return coco(folder, images=images, annotations=objects, categories=categories)


def test_background_is_class_0_of_written_masks(tmp_path):
    splits = read_splits(outlined(tmp_path))
    write_splits(splits, tmp_path / "new", "masks", "copy")
    classes = json.loads((tmp_path / "new" / "classes.json").read_text())
    assert classes == ["background", "cat"]
    mask = read_mask(tmp_path / "new" / "masks" / "instances" / "a.png")
    assert mask[5, 5] == 1 and mask[15, 15] == 0 and mask[40, 40] == 0
    data = read_masks(tmp_path / "new" / "instances.txt", classes)
    assert data.faults == () and [one.id for one in data.classes] == [0, 1]


def test_one_image_that_stands_twice_is_never_written_over(tmp_path):
    file = yolo(tmp_path / "y", {"a": BOX}, "train: list.txt\nnames: [cat]\n")
    (tmp_path / "y" / "list.txt").write_text("images/train/a.png\n./images/train/a.png\n")
    for kind in ("coco", "voc", "yolo"):
        with pytest.raises(DataError, match="occurs twice in train"):
            write_splits(read_splits(file), tmp_path / "new", kind, "none")


@pytest.mark.parametrize("kind", ["coco", "voc", "yolo"])
def test_names_that_some_disks_do_not_tell_apart(tmp_path, kind):
    images = [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "A.png"}]
    file = coco(tmp_path / "old", images=images, annotations=[])
    save_image(tmp_path / "old" / "A.png")
    with pytest.raises(DataError, match="would both be written as"):
        write_splits(read_splits(file), tmp_path / "new", kind, "none")


def test_images_of_equal_names_in_two_folders_are_kept_apart(tmp_path):
    images = [{"id": i, "file_name": f"{i}/a.png", "width": 64, "height": 48} for i in (1, 2)]
    objects = [{"id": i, "image_id": i, "category_id": 3, "bbox": [i, 2, 10, 10]} for i in (1, 2)]
    file = coco(tmp_path / "old", images=images, annotations=objects)
    for i in (1, 2):
        save_image(tmp_path / "old" / str(i) / "a.png", seed=i)
    for kind in ("coco", "voc", "yolo"):
        write_splits(unify_classes(read_splits(file)), tmp_path / kind, kind, "copy")
        (data,) = read_splits(tmp_path / kind).values()
        assert [image.annotations[0].box[0] for image in data.images] == [1, 2]
        assert all(image.path.is_file() for image in data.images)


def test_one_image_in_two_splits_with_other_boxes_is_refused_for_voc(tmp_path):
    (data,) = read_splits(coco(tmp_path / "old")).values()
    fewer = replace(data, images=tuple(replace(one, annotations=()) for one in data.images))
    with pytest.raises(DataError, match="would both be written as"):
        write_splits({"train": data, "val": fewer}, tmp_path / "new", "voc", "none")
    write_splits({"train": data, "val": data}, tmp_path / "new", "voc", "none")


def test_odd_names_and_links_do_no_harm(tmp_path):
    folder = labelme(tmp_path / "d")
    os.symlink(tmp_path / "d", tmp_path / "d" / "loop")
    bad = os.fsencode(folder) + b"/\xbb.json"
    with open(bad, "wb") as file:
        file.write(b"{}")
    (data,) = read_splits(folder).values()
    assert [fault.kind for fault in data.faults] == ["invalid_name"] and len(data.images) == 1


def test_sizes_come_from_the_file_where_none_are_stated(tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    (tmp_path / "b.csv").write_text("filename,class,xmin,ymin,xmax,ymax\na.png,cat,1,2,9,9\n")
    write_splits(read_splits(tmp_path / "b.csv"), tmp_path / "new", "voc", "copy")
    assert read_splits(tmp_path / "new")["b"].images[0].size == Size(30, 20)
