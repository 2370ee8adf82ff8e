"""What a set says of the files that decide it: a cache notices every change by them."""

import shutil

import pytest

from image_sets import box_table, coco, cvat, labelme, save_image, voc, voc_object, yolo
from jumok.data.annotations.box_tables.reading import read_box_table
from jumok.data.annotations.coco.reading import read_coco
from jumok.data.annotations.cvat.reading import read_cvat
from jumok.data.annotations.labelme.reading import read_labelme
from jumok.data.annotations.voc.reading import read_voc
from jumok.data.annotations.yolo.reading import read_yolo

BOX = "0 0.5 0.5 0.5 0.5\n"


def state(paths):
    """What a cache could compare: nothing for what is not there."""
    return {path: path.exists() and (path.stat().st_mtime_ns, path.stat().st_size) for path in paths}


def make_yolo(folder):
    file = yolo(folder, {"a": BOX, "b": BOX}, "train: [images/train, list.txt]\nnames: [cat, dog]\n")
    (folder / "list.txt").write_text("images/more/c.png\n")
    save_image(folder / "images" / "more" / "c.png")
    return lambda: read_yolo(file, "train")


def make_voc(folder):
    for name in ("a", "b"):
        voc(folder, voc_object("dog", 1, 1, 9, 9), name)
    return lambda: read_voc(folder, "train")


def make_coco(folder):
    file = coco(folder)
    return lambda: read_coco(file)


def make_pairs(folder):
    labelme(folder / "images")
    voc(folder / "v", voc_object("dog", 1, 1, 9, 9))
    (folder / "annotations").mkdir()
    (folder / "v" / "Annotations" / "a.xml").rename(folder / "annotations" / "a.xml")
    return lambda: read_voc(folder, None)


def make_labelme(folder):
    labelme(folder)
    return lambda: read_labelme(folder)


def make_cvat(folder):
    file = cvat(folder)
    return lambda: read_cvat(file)


def make_table(folder):
    file = box_table(folder)
    return lambda: read_box_table(file)


def written(text):
    def change(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return change


def gone(path):
    path.unlink()


CHANGES = [
    (make_yolo, "labels/train/a.txt", written("1 0.5 0.5 0.25 0.5\n")),
    (make_yolo, "labels/train/a.txt", gone),
    (make_yolo, "labels/more/c.txt", written(BOX)),
    (make_yolo, "images/train/new.png", save_image),
    (make_yolo, "images/train/deep/new.png", save_image),
    (make_yolo, "images/train/a.png", gone),
    (make_yolo, "images/train/a.png", lambda path: save_image(path, 10, 10)),
    (make_yolo, "list.txt", written("images/train/a.png\n")),
    (make_yolo, "data.yaml", written("train: images/train\nnames: [x, y]\n")),
    (make_voc, "Annotations/a.xml", written("<annotation></annotation>")),
    (make_voc, "Annotations/b.xml", gone),
    (make_voc, "JPEGImages/a.png", lambda path: save_image(path, 10, 10)),
    (make_voc, "ImageSets/Main/train.txt", written("a\n")),
    (make_pairs, "annotations/a.xml", written("<annotation></annotation>")),
    (make_pairs, "annotations/b.xml", written("<annotation></annotation>")),
    (make_pairs, "images/a.png", gone),
    (make_pairs, "ImageSets/Main/train.txt", written("a\n")),
    (make_labelme, "a.json", written("{}")),
    (make_labelme, "deep/b.json", written("{}")),
    (make_labelme, "a.png", gone),
    (make_cvat, "annotations.xml", written("<annotations/>")),
    (make_cvat, "images/a.png", gone),
    (make_table, "boxes.csv", written("a")),
    (make_table, "a.png", gone),
    (make_coco, "a.png", gone),
    (make_coco, "night/b.png", lambda path: save_image(path, 10, 10)),
    (make_coco, "instances.json", written('{"images": [], "annotations": [], "categories": []}')),
]


@pytest.mark.parametrize(("make", "name", "change"), CHANGES)
def test_every_change_is_noticed_and_so_is_its_end(tmp_path, make, name, change):
    read = make(tmp_path / "data")
    before = read().files
    known = state(before)
    assert state(read().files) == known
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    change(tmp_path / "data" / name)
    assert state(before) != known
    faulty = read().files
    known = state(faulty)
    original = tmp_path / "copy" / name
    (tmp_path / "data" / name).parent.mkdir(exist_ok=True)
    if original.exists():
        shutil.copy(original, tmp_path / "data" / name)
        (tmp_path / "data" / name).touch()
    else:
        gone(tmp_path / "data" / name)
    assert state(faulty) != known
