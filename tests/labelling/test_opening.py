"""What `jumok label` opens: experiments and folders, in the formats that they hold."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from image_sets import coco, cvat, labelme, save_image, voc, voc_object, yolo
from jumok.errors import ConfigurationError, DataError
from jumok.labelling.contract import LabelStore
from jumok.labelling.opening import open_experiment, open_folder
from label_stores import box
from small_experiments import write_table


def experiment(folder: Path, outputs: dict, data: dict, inputs: dict | None = None) -> Path:
    options = {"inputs": inputs or {"photo": {"kind": "image", "size": 64}}, "outputs": outputs, "data": data}
    if len(outputs) > 1:
        options["training"] = {"select": "pet.accuracy"}
    file = folder / "pets.yaml"
    file.write_text(yaml.safe_dump(options))
    return file


BOXES = {"pets": {"kind": "boxes"}}


def keys(store: LabelStore, elsewhere: frozenset[Path]) -> list[str]:
    return [one.key for one in store.items() if one.image not in elsewhere]


def test_images_of_other_splits_are_left_out(tmp_path):
    coco(tmp_path)
    save_image(tmp_path / "c.png", seed=7)
    save_image(tmp_path / "d.png", seed=8)
    images = [{"id": 1, "file_name": "c.png", "width": 64, "height": 48}]
    categories = [{"id": 3, "name": "cat"}, {"id": 18, "name": "dog"}]
    valid = {"images": images, "annotations": [], "categories": categories}
    (tmp_path / "valid.json").write_text(json.dumps(valid))
    file = experiment(tmp_path, BOXES, {"train": {"coco": "instances.json"}, "valid": {"coco": "valid.json"}})
    train = open_experiment(file)
    assert (train.name, train.split, train.output, train.store.kind) == ("pets", "train", "pets", "objects")
    assert keys(train.store, train.elsewhere) == ["a.png", "night/b.png", "d.png"]
    valid = open_experiment(file, "valid")
    assert keys(valid.store, valid.elsewhere) == ["c.png", "d.png"]
    assert list(valid.store.inputs("c.png")) == ["photo"]


def test_yolo_is_opened_from_an_experiment_and_from_its_folder(tmp_path):
    names = yolo(tmp_path, {"a": "0 0.5 0.5 0.25 0.25\n", "b": ""})
    split = {"valid": 0.5}
    file = experiment(tmp_path, BOXES, {"train": {"yolo": names.name, "split": "train"}, "split": split})
    for opened in (open_experiment(file), open_folder(tmp_path, "boxes", (), None)):
        assert opened.store.format == "yolo" and opened.store.classes() == ("cat", "dog")
        assert [one.state for one in opened.store.items()] == ["labelled", "empty"]


def test_a_folder_that_holds_annotations_goes_on_in_their_format(tmp_path):
    coco(tmp_path)
    opened = open_folder(tmp_path, "boxes", ("cat", "bird"), None)
    assert opened.store.format == "coco" and opened.store.classes() == ("cat", "dog", "bird")
    with pytest.raises(ConfigurationError, match="holds coco already; leave out --format yolo"):
        open_folder(tmp_path, "boxes", (), "yolo")


@pytest.mark.parametrize("format", [None, "coco", "yolo", "voc"])
def test_photos_alone_get_annotations_with_the_first_mark(tmp_path, format):
    save_image(tmp_path / "one.png")
    opened = open_folder(tmp_path, "boxes", ("cat", "dog"), format)
    store = opened.store
    assert [one.state for one in store.items()] == ["unlabelled"] and len(list(tmp_path.iterdir())) == 1
    store.write("one.png", store.read("one.png").version, {"objects": [box("dog", 1, 2, 30, 40)]})
    again = open_folder(tmp_path, "boxes", (), None).store
    assert again.format == (format or "coco")
    assert again.classes() == ("cat", "dog")
    (written,) = again.read("one.png").marks["objects"]
    assert written["class"] == "dog" and written["box"] == pytest.approx([1, 2, 30, 40])


def test_voc_keeps_to_its_split(tmp_path):
    voc(tmp_path, voc_object("cat", 5, 6, 20, 30))
    voc(tmp_path, voc_object("dog", 5, 6, 20, 30), name="b", split="val")
    sources = {part: {"voc": ".", "split": name} for part, name in (("train", "train"), ("valid", "val"))}
    opened = open_experiment(experiment(tmp_path, BOXES, sources))
    assert opened.store.format == "voc" and keys(opened.store, opened.elsewhere) == ["a.png"]
    by_folder = open_folder(tmp_path, "boxes", (), None)
    assert keys(by_folder.store, by_folder.elsewhere) == ["a.png"] and set(by_folder.beside) == {"valid"}


def test_files_of_other_programs_are_opened_in_place(tmp_path):
    labelme(tmp_path / "labelme")
    cvat(tmp_path / "cvat")
    for format in ("labelme", "cvat"):
        store = open_folder(tmp_path / format, "boxes", (), None).store
        (item,) = store.items()
        assert (store.format, item.classes) == (format, ("cat",))


def test_masks_are_opened_from_an_experiment_and_from_a_folder_of_photos(tmp_path):
    save_image(tmp_path / "images" / "one.png")
    new = open_folder(tmp_path, "mask", ("road", "car"), None).store
    assert new.kind == "mask" and new.classes() == ("background", "road", "car")
    assert [one.state for one in new.items()] == ["unlabelled"]
    (tmp_path / "masks").mkdir()
    Image.fromarray(np.eye(48, 64, dtype=np.uint8)).save(tmp_path / "masks" / "one.png")
    source = {"masks": "masks", "images": "images", "classes": ["ground", "road"]}
    file = experiment(tmp_path, {"area": {"kind": "mask"}}, {"train": source, "split": {"valid": 1}})
    store = open_experiment(file).store
    assert (store.kind, store.classes()) == ("mask", ("ground", "road"))
    assert [one.state for one in store.items()] == ["labelled"]


@pytest.mark.parametrize("kind", ["label", "text"])
def test_labels_and_texts_of_photos_are_in_a_table(tmp_path, kind):
    save_image(tmp_path / "one.png")
    store = open_folder(tmp_path, kind, ("cat",) if kind == "label" else (), None).store
    assert store.kind == "values" and [one.name for one in store.columns] == [kind]
    store.write("one.png", store.read("one.png").version, {"values": {kind: "cat"}})
    (item,) = open_folder(tmp_path, kind, (), None).store.items()
    assert item.state == "labelled" and item.image == tmp_path / "one.png"


def test_a_table_of_an_experiment_is_filled_in(tmp_path):
    save_image(tmp_path / "one.png")
    write_table(
        tmp_path / "train.tsv", [("one.png", "cat", ""), ("one.png", "", "a dog")], ("photo", "pet", "said")
    )
    outputs = {"pet": {"kind": "label"}, "said": {"kind": "text"}}
    opened = open_experiment(
        experiment(tmp_path, outputs, {"train": {"table": "train.tsv"}, "split": {"valid": 1}})
    )
    assert [one.name for one in opened.store.columns] == ["pet", "said"] and opened.output == ""
    assert dict(opened.store.read(opened.store.items()[0].key).marks)["values"] == {
        "pet": "cat",
        "said": None,
    }


def test_what_the_page_cannot_show_is_refused(tmp_path):
    write_table(tmp_path / "train.tsv", [("a.png", "b.png", "cat")], ("left", "right", "pet"))
    two = {name: {"kind": "image", "size": 64} for name in ("left", "right")}
    data = {"train": {"table": "train.tsv"}, "split": {"valid": 1}}
    with pytest.raises(ConfigurationError, match="each example has 2 images"):
        open_experiment(experiment(tmp_path, {"pet": {"kind": "label"}}, data, two))
    rows = [(f"2024-01-01 {hour:02}:00", str(hour)) for hour in range(24)]
    (tmp_path / "hours.csv").write_text("time,load\n" + "".join(f"{a},{b}\n" for a, b in rows))
    windows = {"train": {"windows": "hours.csv", "past": 4, "rows": [0, 16]}}
    windows["valid"] = {"windows": "hours.csv", "past": 4, "rows": [16, None]}
    series, answers = (
        {"load": {"kind": "series"}},
        {"next": {"kind": "forecast", "past": "load", "horizon": 2}},
    )
    with pytest.raises(ConfigurationError, match="next is a forecast"):
        open_experiment(experiment(tmp_path, answers, windows, series))


def test_a_folder_of_nothing_is_refused(tmp_path):
    for kind in ("boxes", "mask", "label"):
        with pytest.raises(DataError, match="holds no images"):
            open_folder(tmp_path, kind, (), None)
