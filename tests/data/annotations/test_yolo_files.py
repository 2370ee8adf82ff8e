import os
import shutil
import unicodedata
from functools import partial

import pytest

from image_sets import save_image, yolo
from jumok.data.annotations.source import AnnotationSource
from jumok.data.annotations.yolo.reading import read_yolo
from jumok.data.tables.faults import Fault

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
    first, second = data.images
    assert first.annotations[0].box == (24, 12, 40, 36) and first.annotations[0].name == "no"
    assert first.annotations[0].place == (str(tmp_path / "labels" / "train" / "a.txt"), 1)
    assert second.annotations == () and first.name == "a.png"


def test_outlines(tmp_path):
    data = read_yolo(yolo(tmp_path, {"a": "0 0.25 0.25 0.5 0.25 0.5 1.0\n"}), "train")
    (one,) = data.images[0].annotations
    assert one.segmentation == ((16, 12, 32, 12, 32, 48),) and one.box == (16, 12, 32, 48)


def test_an_image_without_labels_shows_nothing(tmp_path):
    file = yolo(tmp_path, {"a": BOX})
    save_image(tmp_path / "images" / "train" / "empty.png")
    assert [len(image.annotations) for image in read_yolo(file, "train").images] == [1, 0]


def test_lists_several_places_and_a_root(tmp_path):
    yolo(tmp_path / "data", {"a": BOX, "b": BOX})
    (tmp_path / "data" / "list.txt").write_text("./images/train/b.png\n")
    file = tmp_path / "x.yaml"
    file.write_text("path: data\ntrain: [list.txt, images/train]\nval: ../images/train\ntest:\nnames: [a, b]")
    assert [image.name for image in read_yolo(file, "train").images] == ["b.png", "a.png", "b.png"]
    assert len(read_yolo(file, "val").images) == 2  # as some tools write it
    assert "has no split 'test'" in str(only_fault(file, "test"))


def moved(file, places):
    """A data set whose files of labels were moved, each relative to the folder of its data.yaml."""
    folder = file.parent
    for name, place in places.items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / "labels" / "train" / f"{name}.txt").rename(target)
    return file


@pytest.mark.parametrize(
    "place",
    [
        "images/train/{}.txt",
        "images/train/{}.TXT",
        "Labels/train/{}.txt",
        "LABELS/train/{}.Txt",
        "label/train/{}.txt",
        "annotations/train/{}.txt",
    ],
)
def test_labels_are_found_where_people_have_them(tmp_path, place):
    file = yolo(tmp_path, {"a": BOX, "b": BOX})
    data = read_yolo(moved(file, {name: place.format(name) for name in "ab"}), "train")
    assert [len(image.annotations) for image in data.images] == [1, 1] and data.faults == ()
    (remark,) = data.remarks
    assert "the labels of 2 images were found in" in str(remark)


@pytest.mark.parametrize("folder", ["images/train/images", "images/images", "JPEGImages", "pics", "train"])
@pytest.mark.parametrize("which", [0, -1])
def test_any_folder_called_images_may_become_labels(tmp_path, folder, which):
    save_image(tmp_path / folder / "a.png")
    parts = folder.split("/")
    at = [i for i, part in enumerate(parts) if part.lower() in ("images", "jpegimages")]
    if at:
        parts[at[which]] = "labels"
    else:
        parts = ["labels", *parts] if which else [*parts, "labels"]
    labels = tmp_path.joinpath(*parts) / "a.txt"
    labels.parent.mkdir(parents=True, exist_ok=True)
    labels.write_text(BOX)
    (tmp_path / "data.yaml").write_text(f"train: {folder}\nnames: [a, b]")
    data = read_yolo(tmp_path / "data.yaml", "train")
    assert len(data.images[0].annotations) == 1 and data.faults == ()


def test_labels_half_beside_the_images(tmp_path):
    file = yolo(tmp_path, {"a": BOX, "b": BOX, "c": ""})
    (tmp_path / "labels" / "train" / "c.txt").unlink()
    data = read_yolo(moved(file, {"b": "images/train/b.txt"}), "train")
    assert [len(image.annotations) for image in data.images] == [1, 1, 0] and data.faults == ()
    assert [remark.kind for remark in data.remarks] == ["labels_elsewhere", "no_labels"]
    assert "no file of labels for 1 of 3 images" in str(data.remarks[1])


def test_no_labels_at_all_is_a_fault(tmp_path):
    file = yolo(tmp_path, {"a": BOX, "b": BOX})
    for name in "ab":
        (tmp_path / "labels" / "train" / f"{name}.txt").unlink()
    fault = only_fault(file)
    assert fault.kind == "missing_labels" and "none of the 2 images of train has a file of labels" in str(
        fault
    )
    assert str(tmp_path / "labels" / "train" / "a.txt") in str(fault)


def test_two_files_of_labels_for_one_image(tmp_path):
    file = yolo(tmp_path, {"a": BOX})
    beside = tmp_path / "images" / "train" / "a.txt"
    for text, kinds in (("0 0.5 0.5 0.1 0.1", ["two_labels"]), (BOX, []), ("a cat on a mat", [])):
        beside.write_text(text)
        data = read_yolo(file, "train")
        assert [fault.kind for fault in data.faults] == kinds
        assert data.images[0].annotations[0].name == "dog"


def test_images_of_one_stem_cannot_share_their_labels(tmp_path):
    file = yolo(tmp_path, {"a": BOX, "b": BOX})
    save_image(tmp_path / "images" / "train" / "a.jpg")
    fault = only_fault(file)
    assert fault.kind == "shared_labels" and "a.jpg and a.png in" in str(fault)
    assert [image.name for image in read_yolo(file, "train").images] == ["b.png"]


def test_hidden_files_are_no_images(tmp_path):
    file = yolo(tmp_path, {"a": BOX})
    images = tmp_path / "images" / "train"
    for name in (".ipynb_checkpoints/a-checkpoint.png", "@eaDir/a.png", "__MACOSX/a.png", "deep/.x/b.png"):
        save_image(images / name)
    (images / "._a.png").write_bytes(b"\0\5\x16\7")
    data = read_yolo(file, "train")
    assert [image.name for image in data.images] == ["a.png"] and data.faults == ()
    assert "5 hidden files left out" in str(data.remarks[0])


@pytest.mark.parametrize(
    ("image", "label"),
    [("d\u00e9cran", "d%C3%A9cran"), ("a b", "a_b"), ("p%201", "p 1"), ("x#1", "x_1"), ("IMG_1", "img_1")],
)
def test_labels_of_garbled_names_are_told_and_their_images_are_not_taken_for_empty(tmp_path, image, label):
    file = yolo(tmp_path, {"good": BOX, label: BOX})
    (tmp_path / "images" / "train" / f"{label}.png").rename(tmp_path / "images" / "train" / f"{image}.png")
    fault = only_fault(file)
    assert fault.kind == "unknown_image" and f"'{image}.png' has no labels and a similar name" in str(fault)
    assert [one.name for one in read_yolo(file, "train").images] == ["good.png"]


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_are_equal_in_any_form_of_unicode(tmp_path, forms):
    on_disk, stated = (unicodedata.normalize(form, "\uc0ac\uc9c4") for form in forms)
    file = yolo(tmp_path, {on_disk: BOX}, f"train: list.txt\nnames: [{on_disk}, b]\nval: images/train\n")
    labels = tmp_path / "labels" / "train"
    (labels / f"{on_disk}.txt").rename(labels / f"{stated}.txt")
    (tmp_path / "list.txt").write_text(f"images/train/{stated}.PNG\n")
    for split in ("train", "val"):
        data = read_yolo(file, split)
        assert len(data.images[0].annotations) == 1 and data.faults == ()
        assert data.names[0] == unicodedata.normalize("NFC", on_disk)


def test_names_that_are_no_utf8_are_told(tmp_path):
    file = yolo(tmp_path, {"a": BOX})
    images = os.fsencode(tmp_path / "images" / "train")
    shutil.copy(images + b"/a.png", images + b"/\xbb\xe7.png")
    fault = only_fault(file)
    assert "\\xbb\\xe7.png: has a name that is no UTF-8" in str(fault)
    assert [image.name for image in read_yolo(file, "train").images] == ["a.png"]


@pytest.mark.parametrize(
    ("text", "remarks"),
    [
        ("path: ./\ntrain: images/train", 0),
        ("path:\ntrain: images/train", 0),
        ("path: null\ntrain: images/train", 0),
        ("path: ~\ntrain: images/train", 0),
        ("train: images\\train", 0),
        ("train: ../images/train", 0),
        ("path: /content/datasets/d\ntrain: images/train", 1),
        ("path: ~/nowhere/d\ntrain: images/train", 1),
        ("path: C:\\Users\\x\\d\ntrain: images\\train", 1),
        ("path: ../datasets/d\ntrain: images/train", 1),
        ("train: /home/somebody/d/images/train", 1),
        ("train: C:/d/images/train", 1),
    ],
)
def test_the_folder_of_the_yaml_stands_for_one_that_is_not_here(tmp_path, text, remarks):
    data = read_yolo(yolo(tmp_path / "d", {"a": BOX}, f"{text}\nnames: [a, b]\n"), "train")
    assert len(data.images) == 1 and data.faults == () and len(data.remarks) == remarks


@pytest.mark.parametrize(
    ("place", "told"),
    [("images/trian", "did you mean 'train'?"), ("images/train/*.png", "name the folder itself")],
)
def test_a_place_that_is_nowhere(tmp_path, place, told):
    fault = only_fault(yolo(tmp_path, {"a": BOX}, f"path: /nowhere\ntrain: {place}\nnames: [a, b]\n"))
    assert told in str(fault) or "correct path:" in str(fault)
    assert f"nor is it in {tmp_path}" in str(fault) and fault.kind == "missing_file"


def cvat(folder):
    """What CVAT calls YOLO 1.1: labels beside the images, under a folder that is not there."""
    save_image(folder / "obj_train_data" / "f 0.PNG")
    (folder / "obj_train_data" / "f 0.txt").write_text(BOX)
    (folder / "obj.data").write_text(
        "classes = 2\ntrain = data/train.txt\nnames = data/obj.names\nbackup = backup/\n"
    )
    (folder / "obj.names").write_text("cat\ndog\n")
    (folder / "train.txt").write_text("data/obj_train_data/f 0.PNG\n")
    return folder


@pytest.mark.parametrize("name", ["obj.data", ".", "data.yaml"])
def test_yolo_1_1_of_cvat(tmp_path, name):
    folder = cvat(tmp_path)
    if name == "data.yaml":
        (folder / name).write_text("train: train.txt\nnames: [cat, dog]\n")
    data = read_yolo(folder / name, "train")
    assert data.faults == () and data.names == ("cat", "dog")
    assert [(p.name, len(p.annotations)) for p in data.images] == [("f 0.PNG", 1)]
    assert "data/obj_train_data/, which is not there" in str(data.remarks[0])
    assert "name obj.data" in str(only_fault(folder / "train.txt")) or name == "data.yaml"


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
    assert len(read_yolo(file, "train").images[0].annotations) == 1


def test_a_list_of_something_else(tmp_path):
    file = yolo(tmp_path, {"a": BOX}, "train: list.txt\nnames: [a, b]")
    (tmp_path / "list.txt").write_text("images/train/a.png\n1 0.5 0.5 0.5 0.5\n/\n")
    data = read_yolo(file, "train")
    assert len(data.images) == 1 and [fault.line for fault in data.faults] == [2, 3]


YAML = {
    ":3: 'names' is already in line 2": "train: x\nnames: [a]\nnames: [b]",
    ":2: 'train' is already in line 1": "train: x\ntrain: y\nnames: [b]",
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
    assert only_fault(file).kind == "missing_image"
    assert "val names" in str(only_fault(file, "val"))


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"0 0.5 0.5 0.4 0.4\r1 0.2 0.2 0.1 0.1\r", ":1: has CR line ends (old Mac)"),
        (b"0 0.5 0.5 0.4 0.4\r0 0.2 0.2 0.1 0.1\r1 0.2 0.2 0.1 0.1", ":1: has CR line ends (old Mac)"),
        ("0 0.5 0.5 0.4 0.4\n1 0.2 0.2 0.1 0.1\n".encode("utf-16"), ":1: is UTF-16"),
        ("0 0.5 0.5 0.4 0.4\n1 0.2 0.2 0.1 0.1\n".encode("utf-16-le"), ":1: is UTF-16"),
    ],
)
def test_labels_in_another_form_are_one_fault_of_their_image(tmp_path, raw, told):
    """Fifteen numbers are no outline where two line ends are among them."""
    file, labels = yolo(tmp_path, {"a": BOX}), tmp_path / "labels" / "train" / "a.txt"
    labels.write_bytes(raw)
    fault = only_fault(file)
    assert f"{labels}{told}" in str(fault) and fault.kind == "bad_labels"


def test_pipes_and_links_that_lead_nowhere_are_told(tmp_path):
    """As an image or as labels: none is waited for, and none is left out unsaid."""
    file = yolo(tmp_path, {"a": BOX, "b": BOX})
    (tmp_path / "labels" / "train" / "a.txt").unlink()
    os.mkfifo(tmp_path / "labels" / "train" / "a.txt")
    images = tmp_path / "images" / "train"
    os.symlink(tmp_path / "gone.png", images / "c.png")
    os.symlink("d.png", images / "d.png")
    os.mkfifo(images / "e.png")
    kinds = {"photo": "image", "things": "boxes"}
    source = AnnotationSource(partial(read_yolo, file, "train"), file, kinds, "yolo")
    faults = [row for row in source.rows() if isinstance(row, Fault)]
    assert len(faults) == 4
    for name in ("a.txt", "c.png", "d.png", "e.png"):
        assert any(name in fault.file or name in fault.problem for fault in faults), name
