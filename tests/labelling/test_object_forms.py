"""Annotation files as other programs write them: they keep their form, and new records look like those around."""

import gzip
import json
import random
from pathlib import Path

import pytest
from PIL import Image

from jumok.data.annotations.coco import read_coco
from jumok.data.annotations.voc import read_voc
from jumok.data.annotations.yolo import read_yolo
from jumok.errors import DataError
from jumok.experiment.found import find_data
from jumok.experiment.sources import SourceOptions
from jumok.labelling.coco_store import CocoStore
from jumok.labelling.folder_store import FolderStore
from jumok.labelling.opening_objects import open_object_folder, open_object_source
from jumok.labelling.voc_store import VocFormat
from jumok.labelling.yolo_store import YoloFormat
from label_files import by_name, coco_document, file_bytes, make_coco, make_images, make_voc, make_yolo

STYLES = {
    "compact": {"separators": (",", ":")},
    "one line": {},
    "indent 1": {"indent": 1},
    "indent 4": {"indent": 4},
    "tabs": {"indent": "\t"},
    "sorted, not ascii": {"sort_keys": True, "ensure_ascii": False},
}
NEW = {"class": "dog", "box": [1, 2, 11, 22.5], "polygons": [[1, 2, 11, 2, 11, 22.5]], "occluded": True}


@pytest.mark.parametrize("name", STYLES)
def test_new_coco_records_are_written_in_the_style_of_the_file(tmp_path: Path, name: str):
    make_images(tmp_path)
    document, style, file = coco_document(), STYLES[name], tmp_path / "set.json"
    for one in document["annotations"]:
        one["segmentation"] = [[1, 2.5, 3, 4, 5, 6]]
    file.write_text(json.dumps(document, **style))
    store = CocoStore(file)
    store.write("d.png", "", {"objects": [NEW]})
    store.add_class("\u00f6tter")
    document["images"].append({"file_name": "d.png", "width": 64, "height": 48, "id": 31})
    new = {"id": 9, "image_id": 31, "bbox": [1, 2, 10, 20.5], "category_id": 2, "area": 102.5, "iscrowd": 0}
    new |= {"segmentation": [[1, 2, 11, 2, 11, 22.5]], "attributes": {"occluded": True}}
    document["annotations"].append(new)
    document["categories"].append({"id": 4, "name": "\u00f6tter"})
    assert file.read_text() == json.dumps(document, **style)


@pytest.mark.parametrize("name", STYLES)
def test_changed_coco_records_keep_their_style(tmp_path: Path, name: str):
    make_images(tmp_path)
    document, style, file = coco_document(), STYLES[name], tmp_path / "set.json"
    document["annotations"][1]["attributes"] = {}
    file.write_text(json.dumps(document, **style))
    store = CocoStore(file)
    found = store.read("a.png")
    marks = json.loads(json.dumps(found.marks))
    marks["objects"][0] |= {"box": [1, 2, 3, 4], "occluded": True}
    marks["objects"][1] |= {"class": "bird", "difficult": True, "crowd": True}
    store.write("a.png", found.version, marks)
    one, two = document["annotations"][:2]
    one |= {"bbox": [1, 2, 2, 2], "area": 4}
    one["attributes"]["occluded"] = True
    two |= {"category_id": 3, "iscrowd": 1, "attributes": {"difficult": True}}
    assert json.loads(file.read_text()) == document
    if name != "sorted, not ascii":
        assert file.read_text() == json.dumps(document, **style)


@pytest.mark.parametrize("empty", ["[]", "[ ]", "[\n\n]"])
def test_a_list_that_was_empty_is_empty_again(tmp_path: Path, empty: str):
    make_images(tmp_path)
    file = tmp_path / "set.json"
    file.write_text(
        '{"images": [{"id": 1, "file_name": "a.png", "width": 64, "height": 48}],\n "annotations": '
        f'{empty}, "categories": [{{"id": 1, "name": "dog"}}]}}'
    )
    before, store = file.read_bytes(), CocoStore(file)
    written = store.write(
        "a.png", store.read("a.png").version, {"objects": [{"class": "dog", "box": [0, 0, 9, 9]}]}
    )
    assert [one.box for one in by_name(read_coco(file))["a.png"].annotations] == [(0, 0, 9, 9)]
    store.write("a.png", written.version, {"objects": []})
    assert file.read_bytes() == before


def test_gzip_byte_order_mark_and_line_ends_stay(tmp_path: Path):
    make_images(tmp_path)
    text = json.dumps(coco_document(), indent=2).replace("\n", "\r\n")
    for file in (tmp_path / "plain.json", tmp_path / "packed.json.gz"):
        data = b"\xef\xbb\xbf" + text.encode()
        file.write_bytes(gzip.compress(data) if file.suffix == ".gz" else data)
        store = CocoStore(file)
        store.write("d.png", "", {"objects": [{"class": "dog", "box": [0, 0, 9, 9]}]})
        written = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        assert written.startswith(b"\xef\xbb\xbf{\r\n") and b"\n" not in written.replace(b"\r\n", b"")
        assert len(by_name(read_coco(file))["d.png"].annotations) == 1 and not read_coco(file).faults


def test_images_beside_an_empty_file_are_found(tmp_path: Path):
    make_images(tmp_path / "images" / "train")
    (tmp_path / "annotations").mkdir()
    file = tmp_path / "annotations" / "instances_train.json"
    file.write_text('{"images":[],"annotations":[],"categories":[]}')
    store = CocoStore(file)
    assert [item.key for item in store.items()] == ["a.png", "b.png", "c.png", "d.png"]
    store.add_class("dog")
    store.write("b.png", "", {"objects": [{"class": "dog", "box": [0, 0, 9, 9]}] * 3})
    image = '{"id":1,"file_name":"b.png","width":64,"height":48}'
    assert file.read_text().startswith(f'{{"images":[{image}],"annotations":[{{"id":1,"image_id":1,')
    data = read_coco(file)
    assert len(data.images[0].annotations) == 3 and data.images[0].path.exists() and not data.faults


def test_run_lengths_stay_until_they_are_drawn_anew(tmp_path: Path):
    make_coco(tmp_path)
    document, file = coco_document(), tmp_path / "set.json"
    outline = {"size": [48, 64], "counts": [100, 48 * 64 - 100]}
    document["annotations"][0]["segmentation"] = outline
    file.write_text(json.dumps(document))
    store = CocoStore(file)
    found = store.read("a.png")
    marks = json.loads(json.dumps(found.marks))
    assert marks["objects"][0]["fixed"] and marks["objects"][0]["polygons"] is None
    marks["objects"][0]["class"] = "bird"
    found = store.write("a.png", found.version, marks)
    assert json.loads(file.read_text())["annotations"][0]["segmentation"] == outline
    marks["objects"][0]["box"] = [1, 1, 5, 5]
    with pytest.raises(DataError, match="the outline of this 'bird' cannot be edited"):
        store.write("a.png", found.version, marks)
    marks["objects"][0] |= {"polygons": [[1, 1, 5, 1, 5, 5]], "fixed": False}
    store.write("a.png", found.version, marks)
    assert json.loads(file.read_text())["annotations"][0]["segmentation"] == [[1, 1, 5, 1, 5, 5]]


def test_records_that_cannot_be_read_are_told_and_stay(tmp_path: Path):
    make_coco(tmp_path)
    document, file = coco_document(), tmp_path / "set.json"
    document["annotations"][0]["bbox"] = "big"
    document["annotations"][1]["segmentation"] = [[1, 2]]
    file.write_text(json.dumps(document, indent=0))
    store = CocoStore(file)
    found = store.read("a.png")
    line = 1 + file.read_text()[: file.read_text().index('"big"')].count("\n")
    assert len(found.problems) == 2 and len(found.marks["objects"]) == 2
    assert found.problems[0].startswith(f"{file}:{line - 3}: annotation: bbox is 'big'")
    assert "a polygon of 2 numbers" in found.problems[1] and found.marks["objects"][0]["fixed"]
    store.write("a.png", found.version, {"objects": []})
    kept = json.loads(file.read_text())["annotations"]
    assert kept[0] == document["annotations"][0] and kept[1]["image_id"] == 20


def test_images_of_other_splits_are_not_shown(tmp_path: Path):
    make_coco(tmp_path)
    other = tmp_path / "images" / "d.png"
    assert [one.key for one in CocoStore(tmp_path / "set.json", excluded=[other]).items()][-1] == "c.png"
    make_voc(tmp_path / "voc")
    other = tmp_path / "voc" / "JPEGImages" / "d.png"
    assert len(FolderStore(VocFormat(tmp_path / "voc", "train", excluded=[other])).items()) == 3


def test_boxes_are_those_of_the_image_as_it_is_shown(tmp_path: Path):
    turned = Image.new("RGB", (64, 48))
    exif = turned.getexif()
    exif[0x0112] = 6  # turned by a quarter when shown
    for format in ("coco", "yolo", "voc"):
        folder = tmp_path / format
        folder.mkdir()
        turned.save(folder / "a.jpg", exif=exif)
        store = open_object_folder(folder, format, ["dog"])
        with pytest.raises(DataError, match="beyond the image .48 × 64."):
            store.write("a.jpg", "", {"objects": [{"class": "dog", "box": [0, 0, 60, 40]}]})
        store.write("a.jpg", "", {"objects": [{"class": "dog", "box": [0, 0, 40, 60]}]})
        data = SourceOptions(**find_data(folder).splits["train"]).read()
        assert data.images[0].known_size() == (48, 64) and data.images[0].annotations[0].box == (0, 0, 40, 60)
        assert not data.faults and not data.remarks


@pytest.mark.parametrize("format", ["coco", "yolo", "voc"])
@pytest.mark.parametrize("below", ["", "images", "photos/day"])
def test_a_folder_of_photos_becomes_a_data_set_that_is_recognized(tmp_path: Path, format: str, below: str):
    make_images(tmp_path / below)
    store = open_object_folder(tmp_path, format)
    keys = [item.key for item in store.items()]
    assert {item.state for item in store.items()} == {"unlabelled"} and not file_bytes(tmp_path)
    store.add_class("dog")
    store.write(keys[0], "", {"objects": [{"class": "dog", "box": [1, 2, 30, 40]}]})
    store.write(keys[1], "", {"objects": []})
    source = SourceOptions(**find_data(tmp_path).splits["train"])
    data = source.read()
    assert source.format == format and data.names == ("dog",) and not data.faults
    assert [one.box for image in data.images for one in image.annotations] == [(1, 2, 30, 40)]
    again = open_object_folder(tmp_path)
    assert sorted((one.key, one.state) for one in again.items()) == sorted(
        (o.key, o.state) for o in store.items()
    )
    assert again.read(keys[0]).marks == store.read(keys[0]).marks and again.format == format
    assert open_object_source(source).read(keys[1]).state == "empty"


def test_a_folder_with_other_annotations_is_not_written_beside(tmp_path: Path):
    make_yolo(tmp_path)
    with pytest.raises(DataError, match="holds annotations of yolo already"):
        open_object_folder(tmp_path, "coco")
    assert open_object_folder(tmp_path, classes=["dog", "fish"]).classes() == ("cat", "dog", "bird", "fish")


NAMES = {
    "names: [cat, dog, bird] # three\n": "names: [cat, dog, bird, 'no'] # three\n",
    "names:\n- cat\n- dog  # second\n- bird # third\n# end\nnc: 3\n": (
        "names:\n- cat\n- dog  # second\n- bird # third\n- 'no'\n# end\nnc: 4\n"
    ),
    "nc: 3\r\nnames:\r\n    0: cat\r\n    1: dog\r\n    2: 'bird'\r\n\r\n": (
        "nc: 4\r\nnames:\r\n    0: cat\r\n    1: dog\r\n    2: 'bird'\r\n    3: 'no'\r\n\r\n"
    ),
    "names: {0: cat,\n 1: dog, 2: bird}": "names: {0: cat,\n 1: dog, 2: bird, 3: 'no'}",
    "names:\n  - cat\n  -   dog\n  -   bird": "names:\n  - cat\n  -   dog\n  -   bird\n  -   'no'",
}


@pytest.mark.parametrize("text", NAMES)
def test_a_class_is_added_to_a_data_yaml_as_its_names_are_written(tmp_path: Path, text: str):
    make_yolo(tmp_path)
    file = tmp_path / "data.yaml"
    file.write_bytes(f"\ufeff# ours\ntrain: images/train\n{text}".encode())
    store = FolderStore(YoloFormat(file, "train"))
    assert store.add_class("no") == ("cat", "dog", "bird", "no")
    assert file.read_bytes() == f"\ufeff# ours\ntrain: images/train\n{NAMES[text]}".encode()
    assert read_yolo(file, "train").names == ("cat", "dog", "bird", "no")


def test_a_class_is_added_to_the_names_of_darknet(tmp_path: Path):
    make_yolo(tmp_path)
    images = sorted((tmp_path / "images" / "train").iterdir())
    (tmp_path / "train.txt").write_text("".join(f"images/train/{image.name}\n" for image in images))
    (tmp_path / "obj.names").write_text("cat\ndog\nbird")
    file = tmp_path / "obj.data"
    file.write_text("classes = 3\ntrain = train.txt\nnames = obj.names\n")
    store = FolderStore(YoloFormat(file, "train"))
    assert store.add_class("fish") == ("cat", "dog", "bird", "fish")
    assert (tmp_path / "obj.names").read_text() == "cat\ndog\nbird\nfish\n"
    store.write("train/d.png" if store.items()[0].key.startswith("train/") else "d.png", "", {"objects": []})
    assert (tmp_path / "labels" / "train" / "d.txt").read_bytes() == b""


def test_yolo_outlines_and_boxes_are_not_mixed(tmp_path: Path):
    make_yolo(tmp_path)
    boxes = FolderStore(YoloFormat(tmp_path / "data.yaml", "train"))
    assert not boxes.outlines
    with pytest.raises(DataError, match="files of YOLO with boxes have no place for outlines"):
        boxes.write("d.png", "", {"objects": [NEW | {"occluded": False}]})
    with pytest.raises(DataError, match="files of YOLO have no place for occluded"):
        boxes.write("d.png", "", {"objects": [NEW]})
    for file in (tmp_path / "labels" / "train").iterdir():
        file.write_text("1 0.1 0.1 0.5 0.1 0.5 0.5\n")
    outlines = FolderStore(YoloFormat(tmp_path / "data.yaml", "train"))
    assert outlines.outlines
    two = [[1, 2, 11, 2, 11, 22.5], [20, 20, 30, 20, 30, 30]]
    objects = [
        {"class": "dog", "box": [0, 0, 16, 12]},
        {"class": "cat", "box": [1, 2, 30, 30], "polygons": two},
    ]
    written = outlines.write("d.png", "", {"objects": objects})
    lines = (tmp_path / "labels" / "train" / "d.txt").read_text().splitlines()
    assert list(map(float, lines[0].split())) == [1, 0, 0, 0.25, 0, 0.25, 0.25, 0, 0.25]
    assert outlines.write("d.png", written.version, written.marks).version == written.version
    assert [one.box for one in by_name(read_yolo(tmp_path / "data.yaml", "train"))["d.png"].annotations] == [
        (0, 0, 16, 12),
        (1, 2, 30, 30),
    ]


def test_images_that_share_a_label_file_are_not_written(tmp_path: Path):
    make_yolo(tmp_path)
    Image.new("RGB", (9, 9)).save(tmp_path / "images" / "train" / "d.jpg")
    store = FolderStore(YoloFormat(tmp_path / "data.yaml", "train"))
    with pytest.raises(DataError, match="d.jpg and d.png share"):
        store.write("d.png", "", {"objects": []})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "iso-8859-1", "gb2312"])
def test_the_encoding_and_line_ends_of_xml_stay(tmp_path: Path, encoding: str):
    make_voc(tmp_path)
    file = tmp_path / "Annotations" / "a.xml"
    declared = encoding.removesuffix("-sig").removesuffix("-be")
    text = file.read_text().replace("?>", f" encoding='{declared}'?>").replace("\n", "\r\n")
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    file.write_bytes((mark + text).encode(encoding))
    before, store = file.read_bytes(), FolderStore(VocFormat(tmp_path, "train"))
    found = store.read("a.png")
    name = store.add_class("\uace0\uc591\uc774")[-1]
    objects = [*found.marks["objects"], {"class": name, "box": [1, 1, 9, 9]}]
    written = store.write("a.png", found.version, {"objects": objects})
    data = read_voc(tmp_path, "train")
    assert [one.name for one in by_name(data)["a.png"].annotations] == ["cat", "dog", "cat", name]
    made = file.read_bytes().decode(encoding)
    assert not data.faults and made.count("\r\n") == made.count("\n") > text.count("\n")
    store.write("a.png", written.version, found.marks)
    assert file.read_bytes() == before


def test_xml_on_one_line_stays_on_one_line(tmp_path: Path):
    make_voc(tmp_path)
    file = tmp_path / "Annotations" / "c.xml"
    file.write_text("<annotation><filename>c.png</filename><segmented/></annotation>")
    store = FolderStore(VocFormat(tmp_path, "train"))
    written = store.write(
        "c.png", store.read("c.png").version, {"objects": [{"class": "dog", "box": [0, 0, 9, 9]}]}
    )
    store.write(
        "c.png",
        written.version,
        {"objects": [*written.marks["objects"], {"class": "cat", "box": [1, 1, 9, 9], "truncated": True}]},
    )
    box = "<bndbox><xmin>{0}</xmin><ymin>{0}</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    flags = "<difficult>0</difficult><truncated>{}</truncated><occluded>0</occluded>"
    expected = "".join(
        f"<object><name>{name}</name><pose>Unspecified</pose>{flags.format(cut)}{box.format(edge)}</object>"
        for name, cut, edge in (("dog", 0, 1), ("cat", 1, 2))
    )
    assert file.read_text() == f"<annotation><filename>c.png</filename><segmented/>{expected}</annotation>"


def test_classes_that_an_experiment_names_are_all(tmp_path: Path):
    make_voc(tmp_path)
    store = open_object_source(SourceOptions(voc=tmp_path, split="train", classes=("cat", "dog")))
    with pytest.raises(DataError, match="add 'fish' under classes: first"):
        store.add_class("fish")
    assert store.classes() == ("cat", "dog") == store.add_class("cat")
    with pytest.raises(DataError, match="files of VOC have no place for outlines"):
        store.write("d.png", "", {"objects": [NEW]})


def spaced(value: object, rng: random.Random) -> str:
    """A value as JSON, with white space of any kind between all its parts."""

    def space() -> str:
        return "".join(rng.choice([" ", "\n", "\t", "\r\n"]) for _ in range(rng.choice([0, 0, 1, 3])))

    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}{space()}:{space()}{spaced(one, rng)}" for name, one in value.items()]
        return "{" + space() + f"{space()},{space()}".join(parts) + space() + "}"
    if isinstance(value, list):
        return "[" + space() + f"{space()},{space()}".join(spaced(one, rng) for one in value) + space() + "]"
    return json.dumps(value)


@pytest.mark.parametrize("seed", range(8))
def test_any_spacing_of_json_is_kept(tmp_path: Path, seed: int):
    make_images(tmp_path)
    rng, file, document = random.Random(seed), tmp_path / "set.json", coco_document()
    rng.shuffle(document["annotations"])
    members = list(document.items())
    rng.shuffle(members)
    file.write_bytes(f" {spaced(dict(members), rng)}\n".encode())
    before, store = file.read_bytes(), CocoStore(file)
    texts = {one["id"]: one for one in document["annotations"]}
    first = {key: store.read(key) for key in ("a.png", "b.png", "c.png")}
    for key, found in first.items():
        marks = json.loads(json.dumps(found.marks))
        for one in marks["objects"][1:]:
            one |= {"box": [1, 2, 3, 4.5], "difficult": True, "class": "bird"}
        del marks["objects"][:1]
        store.write(key, found.version, {"objects": [*marks["objects"], NEW | {"polygons": None}]})
        data = read_coco(file)
        assert not data.faults and len(by_name(data)[key].annotations) == max(1, len(found.marks["objects"]))
    for one in json.loads(file.read_bytes())["annotations"]:
        known = texts.get(one["id"])
        assert known is None or one["track"] == known["track"]
    for key, found in reversed(first.items()):
        store.write(key, store.read(key).version, found.marks)
    assert file.read_bytes() == before


def test_odd_ids_and_records_of_one_image_are_handled(tmp_path: Path):
    make_images(tmp_path)
    file = tmp_path / "set.json"
    images = [
        {"id": "p1", "file_name": "a.png"},
        {"id": 7.0, "file_name": "b.png"},
        {"id": "p2", "file_name": "./a.png"},
    ]
    images += [{"id": 9, "file_name": "c.png", "width": -1, "height": 3}, {"file_name": "d.png"}]
    box = {"bbox": [1, 2, 3, 4], "category_id": "3"}
    marked = [box | {"image_id": "p1", "id": "x"}, box | {"image_id": 7}, box | {"image_id": "p2", "id": "y"}]
    marked += [
        box | {"image_id": 7, "id": 1},
        box | {"image_id": 7, "id": 1},
        box | {"image_id": "nowhere", "id": 4},
    ]
    categories = [{"id": "3", "name": "dog"}, {"id": "4", "name": "dog"}, {"id": "x", "name": "cat"}]
    file.write_text(json.dumps({"images": images, "annotations": marked, "categories": categories}))
    store = CocoStore(file)
    assert [(one.key, one.state) for one in store.items()] == [
        ("a.png", "labelled"),
        ("b.png", "labelled"),
        ("c.png", "empty"),
        ("d.png", "empty"),
    ]
    assert store.classes() == ("dog",) and store.add_class("bird") == ("dog", "bird")
    assert [one["id"] for one in store.read("a.png").marks["objects"]] == ["x", "y"]
    found = store.read("b.png")
    assert [one["id"] for one in found.marks["objects"]] == ["#1", "#2", "#3"]
    marks = json.loads(json.dumps(found.marks))
    marks["objects"][1]["box"] = [5, 5, 9, 9]
    store.write("b.png", found.version, {"objects": marks["objects"][1:]})
    document = json.loads(file.read_text())
    assert (
        document["annotations"]
        == [marked[0], marked[2], box | {"image_id": 7, "id": 1, "bbox": [5, 5, 4, 4]}] + marked[4:]
    )
    assert document["categories"][-1] == {"id": "5", "name": "bird"} and document["images"] == images
    assert "its size is -1 × 3" in store.read("c.png").problems[0]
    for key in ("c.png", "d.png"):
        with pytest.raises(DataError, match="set.json:1: image: "):
            store.write(key, store.read(key).version, {"objects": []})
    found = store.read("a.png")
    store.write(
        "a.png", found.version, {"objects": [*found.marks["objects"], {"class": "bird", "box": [0, 0, 9, 9]}]}
    )
    added = json.loads(file.read_text())["annotations"][-1]
    assert (added["image_id"], added["category_id"]) == ("p1", "5")
    assert sorted(one.box for one in by_name(read_coco(file))["a.png"].annotations) == [
        (0, 0, 9, 9),
        (1, 2, 4, 6),
    ]
