"""Faults in exports of Label Studio: each is told with file and line, and nothing else is lost by it."""

import json

import numpy as np
import pytest

from image_sets import labelstudio, save_image, studio_box, studio_region, studio_task
from jumok.data.annotations.checking.examining import examine
from jumok.data.annotations.labelstudio.brush_rle import brush_code
from jumok.data.annotations.labelstudio.reading import read_labelstudio
from jumok.data.images.looks import Looks
from jumok.errors import DataError
from jumok.labelling.tools.labelstudio_store import labelstudio_store


def changed(**value):
    box = studio_box()
    return {**box, "value": {**box["value"], **value}}


BAD_REGIONS = {
    "x is 320, expected percent of the image, 0 to 100; divide pixels by the size": changed(x=320),
    "height is missing, expected a number": changed(height=None),
    "width is 'wide', expected a number": changed(width="wide"),
    "has no label; give it one": changed(rectanglelabels=[]),
    "has 2 labels (cat, dog), expected one": changed(rectanglelabels=["cat", "dog"]),
    "was drawn while the image was rotated by 90°": studio_box(image_rotation=90),
    "its size is 0 × 48, expected whole numbers": studio_box(original_width=0),
    "is on another image of its task": studio_box(item_index=1),
    "its rle is no list of bytes": studio_region("brushlabels", {"rle": [300], "brushlabels": ["cat"]}),
    "points are [1, 2], expected [[x, y], …]": studio_region(
        "polygonlabels", {"points": [1, 2], "polygonlabels": ["cat"]}
    ),
    "rotation is 'left', expected a number": changed(rotation="left"),
    "its value is None, expected {…}": studio_region("rectanglelabels", None),
}


@pytest.mark.parametrize("sentence", BAD_REGIONS)
def test_bad_regions_are_told_with_file_line_task_and_region(tmp_path, sentence):
    good = studio_box("dog", id="r2")
    file = labelstudio(tmp_path, studio_task(7, BAD_REGIONS[sentence], good))
    data = read_labelstudio(file)
    (fault,) = data.faults
    assert str(fault).startswith(f"{file}:2: task 7, region r1: ") and sentence in str(fault)
    assert [one.name for one in data.images[0].annotations] == ["dog"]


BAD_TASKS = {
    ":2: expected a task {…}; export it again": [7],
    ":2: task 4: data is 'a.png', expected {…}": [{"id": 4, "data": "a.png", "annotations": []}],
    ":2: task 4: annotations are [1], expected [{…}]": [studio_task(4, annotations=[1])],
    ":2: task 4: the result of an annotation is None": [studio_task(4, annotations=[{"id": 1}])],
    ":2: task 4: names no image; give it one file": [studio_task(4, data={"text": "hello"})],
    ":2: task 4: names no image, but a list": [studio_task(4, data={"images": ["a.png", "b.png"]})],
    ":2: task 4: holds its image itself": [studio_task(4, data={"image": "data:image/png;base64,AAAA"})],
    ":2: task 4: has 2 images (left, right), and one is read of each": [
        studio_task(4, data={"left": "a.png", "right": "b.png"})
    ],
    ": has no tasks": [],
    ": has no annotations (1 task with predictions only); submit some": [
        studio_task(4, annotations=[], predictions=[{"result": []}])
    ],
    ":3: task 2: 'a.png' is already the image of task 1; merge": [
        studio_task(1, studio_box()),
        studio_task(2),
    ],
}


@pytest.mark.parametrize("sentence", BAD_TASKS)
def test_bad_tasks_are_told(tmp_path, sentence):
    file = tmp_path / "project.json"
    save_image(tmp_path / "a.png")
    file.write_text("[\n" + ",\n".join(map(json.dumps, BAD_TASKS[sentence])) + "\n]\n")
    (fault,) = read_labelstudio(file).faults
    assert str(fault).startswith(f"{file}{sentence}")


BAD_FILES = {
    "is not valid JSON (expected a comma or ']', the file ends)": '[{"id": 1, "data": {"image": "a.png"}}',
    "is not valid JSON (Unterminated": '[\n{"id": 1, "data": {"im',
    "is not valid JSON (goes on after its end)": "[] []",
    "is a file of COCO; name it under coco:": '{"images": [], "annotations": [], "categories": []}',
    "is a file of labelme": '{"shapes": [], "imagePath": "a.png"}',
    "is no export of Label Studio: it has neither data nor annotations": '{"x": 1}',
}


@pytest.mark.parametrize("sentence", BAD_FILES)
def test_bad_files_are_told(tmp_path, sentence):
    file = tmp_path / "project.json"
    file.write_text(BAD_FILES[sentence])
    (fault,) = read_labelstudio(file).faults
    assert str(fault).startswith(f"{file}") and sentence in str(fault)
    assert "is a folder" in str(read_labelstudio(tmp_path).faults[0])


def test_images_that_are_missing_and_boxes_beyond_them_are_told_with_the_line(tmp_path):
    save_image(tmp_path / "b.png", seed=1)
    outside = studio_box("cat", 80, 50, 50, 25)
    tasks = [studio_task(1, studio_box(), image="gone.png"), studio_task(2, outside, image="b.png")]
    file = labelstudio(tmp_path, *tasks)
    told = [str(fault) for fault in examine(read_labelstudio(file), Looks()).faults]
    assert told[1].startswith(f"{file}:2: lists {tmp_path / 'gone.png'}, which does not exist")
    assert told[0].startswith(f"{file}:3: the box of 'cat' reaches 19.2 pixels beyond the right edge")


ODD = (None, True, -1, 1e300, "", "x", "\x00", [], [[]], [None], {}, {"x": {}})


def places(value, path=()):
    """The path of each value in a JSON value."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inside:
        yield from places(one, (*path, name))


def replaced(value, path, odd):
    if not path:
        return odd
    copy = value.copy()
    copy[path[0]] = replaced(value[path[0]], path[1:], odd)
    return copy


def test_odd_values_anywhere_end_in_images_or_in_sentences(tmp_path):
    points = {"points": [[1, 2], [30, 2], [30, 40]], "polygonlabels": ["cat"]}
    shape = {"x": 1, "y": 2, "width": 3, "height": 4}
    results = [
        studio_box(),
        studio_region("choices", {**shape, "choices": ["crowd"]}, from_name="flags"),
        studio_region("polygonlabels", points, id="r2"),
        studio_region(
            "ellipselabels", {"x": 9, "y": 9, "radiusX": 3, "radiusY": 4, "ellipselabels": ["cat"]}, id="r3"
        ),
        studio_region(
            "brushlabels", {"rle": brush_code(np.ones((48, 64), bool)), "brushlabels": ["cat"]}, id="r4"
        ),
        {"id": "c", "type": "choices", "from_name": "mood", "value": {"choices": ["calm"]}},
    ]
    value = results[0]["value"]
    minimal = {"id": 1, "image": "a.png", "tag": [{**value, "original_width": 64, "original_height": 48}]}
    file = labelstudio(tmp_path)
    tried = 0
    for task in (studio_task(1, *results, predictions=[{"result": results[:1]}]), minimal):
        for path in places(task):
            if "rle" in path[:-1] and path[-1] != 3:
                continue  # one byte of many
            for odd in ODD:
                file.write_text(json.dumps([replaced(task, path, odd)]))
                data = read_labelstudio(file, texts={"label": "mood"})
                assert data.images or data.faults
                try:
                    store = labelstudio_store(file)
                    [store.read(one.key) for one in store.items()]
                except DataError as error:
                    assert file.name in str(error)
                tried += 1
    assert tried > 1000
