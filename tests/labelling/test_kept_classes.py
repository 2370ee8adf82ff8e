"""A class that was added on the page is there again after a restart, also while nothing has it; values keep names."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_mask_store import as_marks
from test_tool_stores import made_labelme

from image_sets import voc, voc_object
from jumok.errors import DataError
from jumok.experiment import read_experiment
from jumok.labelling.contract import LabelStore
from jumok.labelling.opening import open_folder
from label_stores import box

SIZE = (48, 32)
WAYS = {  # kind and format of a new folder, and the file that keeps classes
    "coco": ("boxes", "coco", "annotations.json"),
    "yolo": ("boxes", "yolo", "data.yaml"),
    "voc": ("boxes", "voc", "classes.txt"),
    "mask": ("mask", None, "masks/classes.txt"),
    "label": ("label", None, "labels.txt"),
}


def photos(folder: Path, count: int = 2) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new("RGB", SIZE, (90 * number, 8, 7)).save(folder / f"{number}.png")
    return folder


def reopened(folder: Path, way: str, classes: tuple[str, ...] = ()) -> LabelStore:
    kind, format, _ = WAYS[way]
    return open_folder(folder, kind, classes, format).store


def mark(store: LabelStore, name: str, key: str = "0.png") -> None:
    if store.kind == "objects":
        marks = {"objects": [box(name, 1, 2, 30, 20)]}
    elif store.kind == "mask":
        marks = as_marks(np.full(SIZE[::-1], store.classes().index(name), np.uint8))
    else:
        marks = {"values": {"label": name}}
    store.write(key, store.read(key).version, marks)


@pytest.mark.parametrize("way", WAYS)
def test_an_added_class_outlives_the_server(tmp_path, way):
    folder = photos(tmp_path / "photos")
    store = reopened(folder, way, ("road", "car"))
    mark(store, "car")
    known = store.add_class("새 클래스")
    assert known[-1] == "새 클래스" and (folder / WAYS[way][2]).exists()
    for classes in (("road", "car"), ()):  # with the same command, and with the folder alone
        again = reopened(folder, way, classes)
        assert again.classes() == known
    mark(again, "새 클래스", "1.png")
    last = reopened(folder, way)
    assert last.classes() == known and last.read("1.png") == again.read("1.png")
    assert last.read("1.png").state == "labelled"


@pytest.mark.parametrize("way", ["voc", "mask"])
def test_two_servers_learn_of_each_others_classes(tmp_path, way):
    folder = photos(tmp_path / "photos")
    one, other = (reopened(folder, way, ("road",)) for _ in range(2))
    mark(one, "road")
    one.add_class("sky")
    other.add_class("sea")
    assert one.classes() == other.classes() and one.classes()[-2:] == ("sky", "sea")
    mark(other, "sea", "1.png")
    assert one.read("1.png") == other.read("1.png")


def made_voc(folder: Path) -> None:
    voc(folder, voc_object("cat", 5, 6, 20, 30))


@pytest.mark.parametrize("make", [made_voc, made_labelme])
def test_classes_of_a_data_set_of_others_keep_their_places(tmp_path, make):
    make(tmp_path)
    store = open_folder(tmp_path, "boxes", (), None).store
    known = store.classes()
    assert store.add_class("aardvark") == (*known, "aardvark")
    assert open_folder(tmp_path, "boxes", (), None).store.classes() == (*known, "aardvark")


def test_masks_keep_what_their_values_mean(tmp_path, jumok):
    """Whoever opens the folder without saying classes, or begins an experiment with it, has their names."""
    folder = photos(tmp_path / "photos")
    mark(reopened(folder, "mask", ("road", "car")), "car")
    names = folder / "masks" / "classes.txt"
    assert names.read_text() == "background\nroad\ncar\n"
    assert jumok("new", tmp_path / "x.yaml", "--data", folder, "--output", "area:mask").status == 0
    train = read_experiment(tmp_path / "x.yaml").data.train
    assert list(train.classes) == ["background", "road", "car"]
    names.write_text("background\nroad\nroad\n")
    with pytest.raises(DataError, match=r"classes.txt:3: says 'road' again"):
        reopened(folder, "mask")


def test_masks_of_others_may_get_a_class(tmp_path):
    folder = tmp_path
    photos(folder / "images")
    (folder / "masks").mkdir()
    Image.fromarray(np.eye(*SIZE[::-1], dtype=np.uint8)).save(folder / "masks" / "0.png")
    store = reopened(folder, "mask")
    assert store.classes() == ("background", "class1") and store.add_class("sea")[-1] == "sea"
    again = reopened(folder, "mask")
    assert again.classes() == ("background", "class1", "sea")
    mark(again, "sea", "1.png")
    assert np.asarray(Image.open(folder / "masks" / "1.png")).max() == 2


def test_a_list_of_classes_in_another_encoding_is_refused(tmp_path):
    folder = photos(tmp_path / "photos")
    mark(reopened(folder, "voc", ("road",)), "road")
    (folder / "classes.txt").write_bytes("road\n길\n".encode("cp949"))
    with pytest.raises(DataError, match=r"classes.txt:2: is not UTF-8"):
        reopened(folder, "voc").classes()
