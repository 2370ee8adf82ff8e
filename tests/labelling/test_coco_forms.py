"""COCO files as other programs write them: they keep their form, and new records look like those around."""

import gzip
import json
import random
from pathlib import Path

import pytest

from jumok.data.annotations.coco.reading import read_coco
from jumok.errors import DataError
from jumok.labelling.coco.store import CocoStore
from label_files import by_name, coco_document, make_coco, make_images

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
