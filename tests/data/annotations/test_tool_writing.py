"""What is written for labelme, CVAT and Label Studio: the fields of each tool, and that all comes back."""

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import Image

from image_sets import NOWHERE, save_image
from jumok.classes import Class
from jumok.data.annotations.annotated import OBJECT_FLAGS, AnnotatedImage, AnnotatedSet, Annotation
from jumok.data.annotations.cvat.writing import cvat_text
from jumok.data.annotations.documents.located_xml import read_xml
from jumok.data.annotations.labelme.writing import labelme_text
from jumok.data.annotations.shapes import run_lengths
from jumok.data.annotations.splits.detecting import ALL
from jumok.data.annotations.splits.lossy import losses_in, losses_sentence
from jumok.data.annotations.splits.reading import read_splits
from jumok.data.annotations.splits.writing import write_splits
from jumok.data.images.reading import Size
from jumok.errors import DataError

TOOLS = ("labelme", "cvat", "labelstudio")
SIZE = Size(64, 48)
CORNERS = (4.0, 5.0, 20.5, 5.0, 20.5, 30.25)
ELSEWHERE = (40.0, 5.0, 50.0, 5.0, 50.0, 40.0)


def painted():
    mask = np.zeros((48, 64), bool)
    mask[10:14, 5:9] = mask[12, 20] = True
    return mask


def one_of_each():
    """A box, an outline, one of two parts, and painted pixels."""
    return (
        Annotation((1, 2, 30.5, 40), "cat", NOWHERE),
        Annotation((4, 5, 20.5, 30.25), "dog", NOWHERE, segmentation=(CORNERS,)),
        Annotation((4, 5, 50, 40), "cat", NOWHERE, segmentation=(CORNERS, ELSEWHERE)),
        Annotation((5, 10, 21, 14), "검은 <개> & \"co'", NOWHERE, segmentation=run_lengths(painted())),
    )


def made_set(folder, marks, name="a b#1%.png", classes=("cat", "dog", "검은 <개> & \"co'")):
    path = save_image(folder / name)
    image = AnnotatedImage(path, name, NOWHERE, SIZE, tuple(marks))
    return AnnotatedSet(tuple(map(Class, classes)), (image,))


def unplaced(data):
    return [
        (one.name, one.size, [replace(mark, place=NOWHERE) for mark in one.annotations])
        for one in data.images
    ]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", TOOLS)
@pytest.mark.parametrize("split", ["train", ALL, "odd"])
def test_boxes_outlines_parts_pixels_and_names_come_back(tmp_path, kind, split):
    marks = one_of_each() if kind != "labelstudio" else one_of_each()[:2] + one_of_each()[3:]
    data = made_set(tmp_path / "old", marks)
    write_splits({split: data}, tmp_path / "new", kind, "copy")
    ((name, again),) = read_splits(tmp_path / "new").items()
    assert again.faults == () and again.names == data.names and unplaced(again) == unplaced(data)
    assert name == split or (kind, split, name) == ("labelme", "odd", ALL)
    assert losses_in({split: again}, kind) == {}


@pytest.mark.parametrize("kind", TOOLS)
@settings(max_examples=25)
@given(
    flags=st.lists(st.sets(st.sampled_from(OBJECT_FLAGS)), min_size=1, max_size=4),
    mask=st_numpy.arrays(bool, (48, 64)).filter(np.any),
)
def test_flags_and_painted_pixels_come_back(tmp_path_factory, kind, flags, mask):
    folder = tmp_path_factory.mktemp("trip")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = (float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1))
    marks = [
        Annotation(box, "cat", NOWHERE, segmentation=run_lengths(mask) if number % 2 == 0 else None)
        for number in range(len(flags))
    ]
    marks = [replace(one, **dict.fromkeys(on, True)) for one, on in zip(marks, flags, strict=True)]
    data = made_set(folder / "old", marks)
    write_splits({"train": data}, folder / "new", kind, "none")
    (again,) = read_splits(folder / "new", folder / "old").values()
    assert unplaced(again) == unplaced(data)


@pytest.mark.parametrize("kind", TOOLS)
def test_written_again_all_bytes_are_the_same(tmp_path, kind):
    sets = {name: made_set(tmp_path / name, one_of_each()) for name in ("train", "val")}
    write_splits(sets, tmp_path / "first", kind, "copy")
    write_splits(read_splits(tmp_path / "first"), tmp_path / "second", kind, "copy")
    assert contents(tmp_path / "first") == contents(tmp_path / "second")
    assert list(read_splits(tmp_path / "second")) == ["train", "val"]


def test_the_fields_of_labelme(tmp_path):
    document = json.loads(labelme_text(made_set(tmp_path, one_of_each()).images[0]))
    named = ["version", "flags", "shapes", "imagePath", "imageData", "imageHeight", "imageWidth"]
    assert list(document) == named
    assert (document["imagePath"], document["imageData"]) == ("a b#1%.png", None)
    assert (document["imageWidth"], document["imageHeight"]) == (64, 48)
    box, outline, part, other, mask = document["shapes"]
    assert list(box) == ["label", "points", "group_id", "description", "shape_type", "flags", "mask"]
    assert (box["shape_type"], box["points"], box["group_id"]) == ("rectangle", [[1, 2], [30.5, 40]], None)
    assert (outline["shape_type"], outline["group_id"], outline["mask"]) == ("polygon", None, None)
    assert part["group_id"] == other["group_id"] == 1
    with Image.open(io.BytesIO(base64.b64decode(mask["mask"]))) as image:
        (x1, y1), (x2, y2) = mask["points"]  # both pixels are included, as labelme asserts
        assert image.size == (x2 - x1 + 1, y2 - y1 + 1)
        assert (np.asarray(image).astype(bool) == painted()[10:14, 5:21]).all()


def test_the_fields_of_cvat(tmp_path):
    marks = [replace(one, difficult=number == 0) for number, one in enumerate(one_of_each())]
    (tmp_path / "annotations.xml").write_text(cvat_text({"train": made_set(tmp_path, marks)}))
    root = read_xml(tmp_path / "annotations.xml")
    assert [child.tag for child in root.children] == ["version", "meta", "image"]
    labels = root.find("meta").find("task").find("labels").children
    assert [one.find_text("name") for one in labels] == ["cat", "dog", "검은 <개> & \"co'"]
    assert [one.find("attributes").find("attribute").find_text("name") for one in labels] == ["difficult"] * 3
    image = root.find("image")
    named = {"id": "0", "name": "a b#1%.png", "subset": "train", "width": "64", "height": "48"}
    assert image.attributes == named
    box, outline, part, other, mask = image.children
    edges = {"xtl": "1", "ytl": "2", "xbr": "30.5", "ybr": "40"}
    assert box.attributes == {"label": "cat", "source": "manual", "occluded": "0", **edges, "z_order": "0"}
    assert [(one.attributes["name"], one.text) for one in box.children] == [("difficult", "true")]
    assert outline.attributes["points"] == "4,5;20.5,5;20.5,30.25"
    assert part.attributes["group_id"] == other.attributes["group_id"] == "1"
    runs = [int(text) for text in mask.attributes["rle"].split(",")]
    left, top, width, height = (int(mask.attributes[name]) for name in ("left", "top", "width", "height"))
    assert (left, top, width, height) == (5, 10, 16, 4) and sum(runs) == width * height
    inside = np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(height, width)
    assert (inside == painted()[10:14, 5:21]).all()


def test_the_fields_of_label_studio(tmp_path):
    marks = [replace(one, truncated=number == 0) for number, one in enumerate(one_of_each())]
    write_splits({"train": made_set(tmp_path / "old", marks)}, tmp_path / "new", "labelstudio", "copy")
    (task,) = json.loads((tmp_path / "new" / "train.json").read_text())
    assert task["data"] == {"image": "/data/local-files/?d=images/train/a%20b%231%25.png"}
    (annotation,) = task["annotations"]
    assert (annotation["was_cancelled"], annotation["ground_truth"]) == (False, False)
    box, flags, outline, parts, brush = annotation["result"]
    value = {"x": 100 / 64, "y": 200 / 48, "width": 2950 / 64, "height": 3800 / 48, "rotation": 0}
    assert box["value"] == {**value, "rectanglelabels": ["cat"]}
    assert (box["original_width"], box["original_height"], box["image_rotation"]) == (64, 48, 0)
    assert flags["id"] == box["id"] and flags["value"]["choices"] == ["truncated"]
    assert outline["value"]["closed"] and outline["value"]["points"][0] == [100 * 4 / 64, 100 * 5 / 48]
    assert parts["type"] == "polygonlabels" and brush["value"]["format"] == "rle"
    config = read_xml(tmp_path / "new" / "label_config.xml")
    controls = {one.tag: one.attributes for one in config.children}
    assert controls["Image"] == {"name": "image", "value": "$image"}
    for kind, result in (("RectangleLabels", box), ("PolygonLabels", outline), ("BrushLabels", brush)):
        assert controls[kind] == {"name": result["from_name"], "toName": result["to_name"]}
    assert controls["Choices"]["name"] == flags["from_name"] and controls["Choices"]["perRegion"] == "true"


def test_what_a_tool_cannot_say_is_counted(tmp_path):
    wide = Annotation((0, 0, 60, 40), "cat", NOWHERE, id=70, segmentation=(CORNERS, ELSEWHERE))
    brushed = Annotation((0, 0, 60, 40), "cat", NOWHERE, id=9, segmentation=run_lengths(painted()))
    data = made_set(tmp_path, [wide, brushed], classes=("dog", "cat"))
    bounds = {"boxes that are not the bounds of their outline": 2, "ids of annotations": 2}
    classes = {"classes without objects": 1, "the order of classes": 2}
    assert losses_in({"train": data}, "cvat") == bounds
    assert losses_in({"train": data}, "labelme") == {**bounds, **classes}
    joined = {"outlines in several parts (joined by a line)": 1}
    assert losses_in({"train": data}, "labelstudio") == {**joined, **bounds}
    told = losses_sentence(joined, "labelstudio")
    assert (
        told
        == "Label Studio cannot say, so these are left out: outlines in several parts (joined by a line) (1)"
    )


@pytest.mark.parametrize("kind", TOOLS)
def test_a_folder_is_written_and_no_file(tmp_path, kind):
    with pytest.raises(DataError, match="name a new folder"):
        write_splits({"train": made_set(tmp_path, [])}, tmp_path / "x.json", kind, "none")
