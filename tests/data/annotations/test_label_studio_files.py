"""Exports of Label Studio, written by hand after its documentation."""

import json
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from image_sets import labelstudio, save_image, studio_box, studio_region, studio_task
from jumok.data.annotations.coco.fields import Wrong
from jumok.data.annotations.labelstudio.brush_rle import brush_code, brush_pixels
from jumok.data.annotations.labelstudio.reading import read_labelstudio
from jumok.data.annotations.segmentation import RunLengths, covered
from jumok.experiment import read_experiment


def marked(folder, *results):
    data = read_labelstudio(labelstudio(folder, studio_task(1, *results)))
    assert data.faults == ()
    return data.images[0].annotations


def test_boxes_are_percent_of_the_image(tmp_path):
    box, tiny = marked(
        tmp_path, studio_box("cat", 25, 50, 50, 25), studio_box("dog", 0, 0, 1.5625, 100, id="r2")
    )
    assert (box.box, box.name, box.segmentation) == ((16, 24, 48, 36), "cat", None)
    assert tiny.box == (0, 0, 1, 48)
    data = read_labelstudio(tmp_path / "project.json")
    assert data.names == ("cat", "dog")
    (image,) = data.images
    assert (image.path, image.name, image.size, image.id) == (tmp_path / "a.png", "a.png", (64, 48), 1)
    assert image.place == (str(tmp_path / "project.json"), 2)


def test_polygons_ellipses_and_rotated_boxes_are_outlines(tmp_path):
    corners = [[0, 0], [50, 0], [50, 100]]
    polygon, ellipse, turned = marked(
        tmp_path,
        studio_region("polygonlabels", {"points": corners, "closed": True, "polygonlabels": ["cat"]}),
        studio_region(
            "ellipselabels",
            {"x": 50, "y": 50, "radiusX": 25, "radiusY": 25, "ellipselabels": ["cat"]},
            id="r2",
        ),
        studio_box("cat", 50, 50, 12.5, 12.5, id="r3")
        | {
            "value": {
                "x": 50,
                "y": 50,
                "width": 12.5,
                "height": 12.5,
                "rotation": 45,
                "rectanglelabels": ["cat"],
            }
        },
    )
    assert polygon.segmentation == ((0, 0, 32, 0, 32, 48),)
    assert ellipse.box == (16, 12, 48, 36)
    half = sqrt(0.5)  # 8 x 6 pixels, rotated clockwise around its upper left corner (32, 24)
    expected = [
        32,
        24,
        32 + 8 * half,
        24 + 8 * half,
        32 + 2 * half,
        24 + 14 * half,
        32 - 6 * half,
        24 + 6 * half,
    ]
    assert turned.segmentation[0] == pytest.approx(expected)
    (remark,) = read_labelstudio(tmp_path / "project.json").remarks
    assert "1 rotated box read as an outline of the corners" in str(remark)


@given(st_numpy.arrays(bool, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_brushes_come_back(mask):
    height, width = mask.shape
    assert (brush_pixels(brush_code(mask), width, height) == mask).all()


def test_brushes_of_single_values_and_damaged_ones():
    """The reference code writes values that do not repeat in blocks, which ours never does."""
    bits = f"{8:032b}{7:05b}" + "".join(f"{n - 1:04b}" for n in (3, 4, 8, 16))
    bits += "0" + "00" + f"{3:03b}" + "".join(f"{value:08b}" for value in (9, 9, 9, 255))
    bits += "1" + "00" + f"{3:03b}" + f"{0:08b}"
    bits += "0" * (-len(bits) % 8)
    rle = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    assert brush_pixels(rle, 2, 1).tolist() == [[True, False]]
    with pytest.raises(Wrong, match="ends too early"):
        brush_pixels(rle[:-2], 2, 1)
    with pytest.raises(Wrong, match=r"holds 8 values, expected 4 for each pixel of 3 × 1"):
        brush_pixels(rle, 3, 1)


def test_a_brush_is_an_outline_of_pixels(tmp_path):
    mask = np.zeros((48, 64), bool)
    mask[10:20, 5:9] = True
    value = {"format": "rle", "rle": brush_code(mask), "brushlabels": ["cat"]}
    (one,) = marked(tmp_path, studio_region("brushlabels", value))
    assert isinstance(one.segmentation, RunLengths) and one.box == (5, 10, 9, 20)
    assert (covered(one.segmentation, 64, 48) == mask).all()


def test_labels_may_stand_beside_shapes_and_flags_beside_labels(tmp_path):
    shape = {"x": 25, "y": 50, "width": 50, "height": 25}
    one, other = marked(
        tmp_path,
        studio_region("rectangle", shape),
        studio_region("labels", {**shape, "labels": ["cat"]}),
        studio_box("dog", id="r2"),
        studio_region("choices", {**shape, "choices": ["difficult", "crowd"]}, id="r2", from_name="flags"),
        studio_region("textarea", {**shape, "text": ["blurred"]}, id="r2"),
    )
    assert (one.name, one.box) == ("cat", (16, 24, 48, 36))
    assert other.difficult and other.crowd and not other.occluded
    assert read_labelstudio(tmp_path / "project.json").dropped_fields == {"textarea of objects": 1}


def test_json_min_is_read_alike(tmp_path):
    value = studio_box()["value"] | {"original_width": 64, "original_height": 48}
    minimal = {
        "id": 1,
        "image": "/data/upload/3/1a2b3c4d-a.png",
        "tag": [value],
        "mood": "calm",
        "annotator": 1,
    }
    minimal |= {"annotation_id": 5, "created_at": "2026-01-01", "updated_at": "2026-01-01", "lead_time": 1.5}
    file = labelstudio(tmp_path, minimal)
    data = read_labelstudio(file)
    assert data.faults == () and data.images[0].annotations[0].box == (16, 24, 48, 36)
    assert data.dropped_fields == {"mood of the data": 1}
    assert read_labelstudio(file, texts={"label": "mood"}).images[0].texts == (("label", "calm"),)


def test_answers_about_the_whole_image_are_texts(tmp_path):
    results = [
        {"id": "c", "type": "choices", "from_name": "mood", "to_name": "img", "value": {"choices": ["calm"]}},
        {
            "id": "m",
            "type": "choices",
            "from_name": "tags",
            "to_name": "img",
            "value": {"choices": ["a", "b"]},
        },
        {
            "id": "t",
            "type": "textarea",
            "from_name": "caption",
            "to_name": "img",
            "value": {"text": ["a cat"]},
        },
        {"id": "n", "type": "number", "from_name": "age", "to_name": "img", "value": {"number": 7}},
        {
            "id": "k",
            "type": "keypointlabels",
            "from_name": "eye",
            "to_name": "img",
            "value": {"x": 1, "y": 2},
        },
        {"from_id": "c", "to_id": "m", "type": "relation", "direction": "right"},
    ]
    file = labelstudio(tmp_path, studio_task(1, *results, data={"image": "a.png", "note": "dark"}))
    asked = {"mood": "mood", "tags": "tags", "answer": "caption", "age": "age", "note": "note"}
    data = read_labelstudio(file, texts=asked)
    texts = {"mood": "calm", "tags": '["a", "b"]', "answer": "a cat", "age": "7", "note": "dark"}
    assert data.faults == () and dict(data.images[0].texts) == texts
    assert data.dropped_fields == {"keypointlabels": 1, "relation": 1}
    assert [str(one).split(": ", 1)[1].split(";")[0] for one in data.remarks] == [
        "left out, because they are neither boxes nor outlines: 1 result of the type keypointlabels",
        "left out, because they are neither boxes nor outlines: 1 result of the type relation",
    ]
    unasked = read_labelstudio(file).dropped_fields
    assert unasked["choices of images"] == 2 and unasked["note of the data"] == 1


ADDRESSES = {
    "a.png": "a.png",
    "/data/local-files/?d=photos%20of%20me/a.png": "photos of me/a.png",
    "/data/local-files/?d=project/photos/a.png": "photos/a.png",
    "/data/upload/7/0a1b2c3d-a.png": "a.png",
    "data/upload/7/0a1b2c3d-a.png": "0a1b2c3d-a.png",
    "s3://bucket/photos/a.png": "photos/a.png",
    "https://example.com/x/a.png?token=1": "images/a.png",
    "C:\\photos\\a.png": "a.png",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_images_are_found_beside_the_file_by_their_names(tmp_path, address):
    file = labelstudio(tmp_path / "x", studio_task(1, studio_box(), image=address))
    (tmp_path / "x" / "a.png").unlink()
    save_image(tmp_path / "x" / ADDRESSES[address])
    data = read_labelstudio(file)
    assert data.faults == () and data.images[0].path == tmp_path / "x" / ADDRESSES[address]


def test_addresses_lead_nowhere_else(tmp_path):
    save_image(tmp_path / "b.png")
    file = labelstudio(tmp_path / "x", studio_task(1, studio_box(), image="/data/local-files/?d=../b.png"))
    assert not read_labelstudio(file).images[0].path.is_file()


def test_of_several_annotations_the_ground_truth_counts_or_else_the_last(tmp_path):
    def annotation(label, **more):
        return {"result": [studio_box(label)], **more}

    old, new = (
        annotation("old", updated_at="2026-01-01T00:00:00Z"),
        annotation("new", updated_at="2026-02-01T00:00:00Z"),
    )
    truth = annotation("truth", ground_truth=True, updated_at="2025-01-01T00:00:00Z")
    skipped = annotation("skipped", was_cancelled=True, updated_at="2026-03-01T00:00:00Z")
    tasks = [
        studio_task(1, annotations=[new, old, skipped]),
        studio_task(2, image="b.png", annotations=[old, truth, new]),
        studio_task(3, image="c.png", annotations=[skipped]),
        studio_task(4, image="d.png", annotations=[], predictions=[{"result": [studio_box()]}]),
        studio_task(5, image="e.png", annotations=[]),
        studio_task(6, image="f.png"),
    ]
    for name in "bcdef":
        save_image(tmp_path / f"{name}.png", seed=ord(name))
    data = read_labelstudio(labelstudio(tmp_path, *tasks))
    assert data.faults == ()
    found = {one.name: [mark.name for mark in one.annotations] for one in data.images}
    assert found == {"a.png": ["new"], "b.png": ["truth"], "f.png": []}
    assert [str(one).split(": ", 1)[1] for one in data.remarks] == [
        "left out: 1 task skipped by annotators; submit them in Label Studio, if they should count",
        "left out: 1 task with predictions only; submit them in Label Studio, if they are right",
        "left out: 1 task without annotations; submit one, without regions for an image without objects",
        "2 tasks with several annotations; mark one of each as ground truth, if it should be another",
    ]


def test_the_classes_of_a_configuration_are_kept_in_their_order(tmp_path):
    file = labelstudio(tmp_path)
    labels = '<Label value="dog"/><Label value="cat"/>'
    (tmp_path / "label_config.xml").write_text(f"<View><RectangleLabels>{labels}</RectangleLabels></View>")
    assert read_labelstudio(file).names == ("dog", "cat")
    assert read_labelstudio(file, classes=["cat"]).names == ("cat",)


def test_an_image_without_a_stated_size_is_looked_at(tmp_path):
    bare = {key: one for key, one in studio_box().items() if not key.startswith("original")}
    (one,) = marked(tmp_path, bare)
    assert one.box == (16, 24, 48, 36)
    (tmp_path / "a.png").unlink()
    (fault,) = read_labelstudio(tmp_path / "project.json").faults
    assert "task 1, region r1: states no original size, and" in str(fault)


def test_a_single_task_or_annotation_is_read(tmp_path):
    file = labelstudio(tmp_path)
    task = studio_task(3, studio_box())
    file.write_text(json.dumps(task))
    assert read_labelstudio(file).annotation_count == 1
    file.write_text(json.dumps({**task["annotations"][0], "task": {"id": 3, "data": task["data"]}}))
    data = read_labelstudio(file)
    assert data.annotation_count == 1 and data.images[0].id == 3


def test_choices_are_labels_of_an_experiment(tmp_path):
    (tmp_path / "x.yaml").write_text(
        "inputs: {photo: {kind: image}}\noutputs: {feeling: {kind: label}}\n"
        "data: {train: {labelstudio: project.json, columns: {feeling: mood}}, split: {valid: 1, test: 1}}\n"
    )
    choice = {"id": "c", "type": "choices", "from_name": "mood", "value": {"choices": ["calm"]}}
    labelstudio(tmp_path, studio_task(1, choice), studio_task(2, image="b.png"))
    save_image(tmp_path / "b.png", seed=1)
    experiment = read_experiment(tmp_path / "x.yaml")
    source = experiment.data.train.build(experiment.inputs, experiment.outputs)
    fault, row = source.rows()
    assert row.values == ("a.png", "calm")
    assert ":3: the image 'b.png' has no field 'feeling', or an empty one" in str(fault)
