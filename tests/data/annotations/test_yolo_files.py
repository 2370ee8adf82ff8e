from pathlib import Path

import pytest

from jumok.data.annotations.yolo import label_file, read_yolo
from picture_sets import save_image, yolo

BOX = "1 0.5 0.5 0.25 0.5\n"


def only_fault(file, split="train"):
    (fault,) = read_yolo(file, split).faults
    return fault


@pytest.mark.parametrize("names", ["[cat, no]", "{0: cat, 1: no}", "\n- cat\n- 'no'", "{1: no, 0: cat}"])
def test_names_as_list_or_mapping(tmp_path, names):
    data = read_yolo(
        yolo(tmp_path, {"a": BOX, "b": ""}, f"train: images/train\nnc: 2\nnames: {names}\n"), "train"
    )
    assert data.names == ("cat", "no") and data.faults == ()
    first, second = data.pictures
    assert first.annotations[0].box == (24, 12, 40, 36) and first.annotations[0].name == "no"
    assert first.annotations[0].place == (str(tmp_path / "labels" / "train" / "a.txt"), 1)
    assert second.annotations == () and first.name == "a.png"


def test_outlines(tmp_path):
    data = read_yolo(yolo(tmp_path, {"a": "0 0.25 0.25 0.5 0.25 0.5 1.0\n"}), "train")
    (one,) = data.pictures[0].annotations
    assert one.segmentation == ((16, 12, 32, 12, 32, 48),) and one.box == (16, 12, 32, 48)


def test_an_image_without_labels_shows_nothing(tmp_path):
    file = yolo(tmp_path, {"a": BOX})
    save_image(tmp_path / "images" / "train" / "empty.png")
    assert [len(picture.annotations) for picture in read_yolo(file, "train").pictures] == [1, 0]


def test_lists_several_places_and_a_root(tmp_path):
    yolo(tmp_path / "data", {"a": BOX, "b": BOX})
    (tmp_path / "data" / "list.txt").write_text("./images/train/b.png\n")
    file = tmp_path / "x.yaml"
    file.write_text("path: data\ntrain: [list.txt, images/train]\nval: ../images/train\ntest:\nnames: [a, b]")
    assert [picture.name for picture in read_yolo(file, "train").pictures] == ["b.png", "a.png", "b.png"]
    assert len(read_yolo(file, "val").pictures) == 2  # as some tools write it
    assert "has no split 'test'" in str(only_fault(file, "test"))


def test_label_file_replaces_the_last_images():
    assert label_file(Path("images/x/images/a/b.jpg")) == Path("images/x/labels/a/b.txt")
    assert label_file(Path("a/b.jpg")) == Path("a/b.txt")


FAULTY = {
    "has 4 values, expected 5 (class, box) or an odd number from 7 on": "1 0.5 0.5 0.2",
    "has 6 values": "1 .5 .5 .2 .2 .9",
    "has 8 values": "1 0 0 1 1 1 0 0",
    "'1 0.5 x 0.2 0.2' are not all numbers": "1 0.5 x 0.2 0.2",
    "'1 0.5 nan 0.2 0.2' are not all numbers": "1 0.5 nan 0.2 0.2",
    "there is no class 2; names has 0 to 1": "2 0.5 0.5 0.2 0.2",
    "there is no class 0.5": "0.5 0.5 0.5 0.2 0.2",
    "there is no class -1": "-1 0.5 0.5 0.2 0.2",
}


@pytest.mark.parametrize("sentence", FAULTY)
def test_faulty_lines_are_named(tmp_path, sentence):
    file = yolo(tmp_path, {"a": f"{BOX}\n{FAULTY[sentence]}\n"})
    assert str(only_fault(file)).startswith(f"{tmp_path / 'labels' / 'train' / 'a.txt'}:3: {sentence}")
    assert len(read_yolo(file, "train").pictures[0].annotations) == 1


def test_a_list_of_something_else(tmp_path):
    file = yolo(tmp_path, {"a": BOX}, "train: list.txt\nnames: [a, b]")
    (tmp_path / "list.txt").write_text("images/train/a.png\n1 0.5 0.5 0.5 0.5\n/\n")
    data = read_yolo(file, "train")
    assert len(data.pictures) == 1 and [fault.line for fault in data.faults] == [2, 3]


YAML = {
    ":2: names must be numbered 0 to 1": "train: x\nnames: {0: a, 2: b}",
    ":2: two classes are called 'a'": "train: x\nnames: [a, a]",
    ":1: nc is 3, but there are 1 names": "nc: 3\nnames: [a]",
    ":1: has no names": "train: x",
    ":2: is not valid YAML": "train: x\nnames: [a, {",
    ":1: names is no list": "names: a",
    ":1: expected names: and train:": "just a text",
}


@pytest.mark.parametrize("sentence", YAML)
def test_faulty_yaml_is_named_with_its_line(tmp_path, sentence):
    (tmp_path / "data.yaml").write_text(YAML[sentence])
    assert str(only_fault(tmp_path / "data.yaml")).startswith(f"{tmp_path / 'data.yaml'}{sentence}")


def test_labels_and_images_that_are_not_there(tmp_path):
    file = yolo(tmp_path, {"a": BOX, "b": BOX})
    (tmp_path / "images" / "train" / "b.png").unlink()
    fault = only_fault(file)
    assert fault.kind == "unknown_image" and fault.file.endswith("b.txt")
    (tmp_path / "list.txt").write_text("images/train/b.png\n")
    file.write_text("train: list.txt\nval: nowhere\nnames: [a, b]")
    assert only_fault(file).kind == "missing_file"
    assert "val names" in str(only_fault(file, "val"))
