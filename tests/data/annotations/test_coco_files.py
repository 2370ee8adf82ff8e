import contextlib
import io
import json
import unicodedata

import numpy as np
import pytest
from faster_coco_eval import COCO as FastCoco
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as theirs
from pycocotools.coco import COCO

from image_sets import annotated_sets, coco, save_image
from jumok.classes import Class
from jumok.data.annotations.coco.reading import read_coco
from jumok.data.annotations.coco.writing import coco_text
from jumok.data.annotations.documents.located_json import LocatedJson
from jumok.data.annotations.segmentation import RunLengths, covered, merge_polygons, segmentation_area
from jumok.data.tables.faults import UnreadableFile


def only_fault(path):
    (fault,) = read_coco(path).faults
    return fault


def test_ids_with_gaps_and_images_without_annotations(tmp_path):
    file = coco(tmp_path)
    data = read_coco(file)
    assert data.classes == (Class("cat", 3, "animal"), Class("dog", 18)) and data.faults == ()
    empty, night = data.images
    assert empty.annotations == () and night.name == "night/b.png" and night.path.is_file()
    dog, crowd = night.annotations
    assert dog.box == (1.5, 2, 11.75, 22) and dog.name == "dog" and dog.id == 5
    assert crowd.crowd and crowd.area == 12 and not dog.crowd
    assert [one.place.line for one in night.annotations] == [7, 8]
    assert empty.place == (str(file), 3)


def test_images_in_another_folder(tmp_path):
    file = coco(tmp_path)
    assert read_coco(file, tmp_path / "elsewhere").images[0].path == tmp_path / "elsewhere" / "a.png"
    (tmp_path / "annotations").mkdir()
    moved = file.rename(tmp_path / "annotations" / "instances_val.json")
    (tmp_path / "val").mkdir()
    (tmp_path / "a.png").rename(tmp_path / "val" / "a.png")
    assert read_coco(moved).images[0].path == tmp_path / "val" / "a.png"


def test_names_stay_below_their_folder(tmp_path):
    images = [{"id": 1, "file_name": "../../etc/a.png"}, {"id": 2, "file_name": "/etc/b.png"}]
    file = coco(tmp_path, images=[*images, {"id": 3, "file_name": "x\\c.png"}], annotations=[])
    assert [image.name for image in read_coco(file).images] == ["a.png", "b.png", "x/c.png"]


FAULTY = {
    "annotation: holds a number that is too large": {"bbox": [1, 2, 10**400, 4]},
    "annotation: there is no image with the id 8": {"image_id": 8},
    "annotation: there is no category with the id 1": {"category_id": 1},
    "annotation: bbox is [1, 2, 3], expected [left, top, width, height]": {"bbox": [1, 2, 3]},
    "annotation: bbox is None, expected": {"bbox": None},
    "annotation: image_id is None, expected a whole number": {"image_id": None},
    "annotation: a polygon of 5 numbers": {"segmentation": [[1, 2, 3, 4, 5]]},
    "annotation: run lengths do not fill": {"segmentation": {"size": [2, 2], "counts": [1, 1]}},
}


@pytest.mark.parametrize("sentence", FAULTY)
def test_faulty_annotations_are_named_with_their_line(tmp_path, sentence):
    good = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]}
    fault = only_fault(coco(tmp_path, annotations=[good, {**good, "id": 2, **FAULTY[sentence]}]))
    assert str(fault).startswith(f"{tmp_path / 'instances.json'}:8: {sentence}")


def test_ids_that_stand_twice(tmp_path):
    good = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]}
    fault = only_fault(coco(tmp_path, annotations=[good, good]))
    assert ":8: annotation: the id 1 is already in line 7" in str(fault)
    image = {"id": 7, "file_name": "a.png"}
    fault = only_fault(coco(tmp_path, images=[image, image], annotations=[]))
    assert (fault.kind, fault.line) == ("duplicate_id", 4)


def test_names_that_cannot_be(tmp_path):
    images = [{"id": i, "file_name": name} for i, name in enumerate(["", "..", "\ud800.png", None])]
    kinds = [fault.kind for fault in read_coco(coco(tmp_path, images=images, annotations=[])).faults]
    assert kinds == ["bad_value", "bad_value", "lone_surrogate", "bad_value"]
    twice = [{"id": 1, "name": "cat"}, {"id": 2, "name": "cat"}]
    fault = only_fault(coco(tmp_path, categories=twice, annotations=[]))
    assert "the name 'cat' occurs twice" in str(fault) and fault.line == 11


BROKEN = {
    '{"images": [\n{"id": 1},\n{"id": }]}': (3, "Expecting value"),
    '{"images": [\n1\n2]}': (3, "expected a comma or ']', found '2'"),
    '{"images": [\n1,\n]}': (2, "a comma stands before a closing bracket"),
    '{"images": [1': (1, "the file ends"),
    '{"a": 1}\n}': (2, "goes on after its end"),
    '{"a": 1,\n"a": 2}': (2, "'a' stands here a second time"),
    "[1]": (1, "is not an object"),
    '{"a": [\n\nNaN]}': (3, "NaN is no JSON"),
    '{"a":': (1, "ends too early"),
    "{\n'a': 1}": (2, "Expecting value"),
}


@pytest.mark.parametrize("text", BROKEN)
def test_malformed_json_is_named_with_its_line(tmp_path, text):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UnreadableFile) as caught:
        LocatedJson(path)
    line, reason = BROKEN[text]
    assert caught.value.fault.line == line and reason in str(caught.value)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"images": [], "annotation": [], "categories": []}')
    assert str(only_fault(path)) == (
        f"{path}: has no list 'annotations', but 'annotation'; write 'annotations' with this name"
    )
    path.write_bytes(b'{"images": [],\n"x": "M\xe4use"}')
    assert (only_fault(path).kind, only_fault(path).line) == ("bad_coco", 2)
    assert only_fault(tmp_path / "none.json").kind == "missing_file"


SQUARE = [1.0, 2.0, 4.0, 2.0, 4.0, 6.0]
RUNS = {"size": [48, 64], "counts": [48 * 64 - 5, 5]}


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (SQUARE, (tuple(SQUARE),)),
        ([[[1, 2], [4, 2], [4, 6]]], (tuple(SQUARE),)),
        ([], None),
        (None, None),
        (RUNS, RunLengths(64, 48, (48 * 64 - 5, 5))),
        ({**RUNS, "size": [48.0, 64.0]}, RunLengths(64, 48, (48 * 64 - 5, 5))),
    ],
)
def test_outlines_as_tools_write_them(tmp_path, given, read):
    one = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4], "segmentation": given}
    data = read_coco(coco(tmp_path, annotations=[one]))
    assert data.faults == () and data.images[0].annotations[0].segmentation == read


BAD_OUTLINES = {
    "run lengths of the size 48 × 64, but the image is 64 × 48; the size is [height, width]": {
        **RUNS,
        "size": [64, 48],
    },
    "run lengths of the size 10 × 10, but the image is 64 × 48": {"size": [10, 10], "counts": [95, 5]},
    "a polygon holds None, expected numbers": [[1, 2, 3, 4, None, 6]],
    "a polygon holds '6', expected numbers": [[1, 2, 3, 4, 5, "6"]],
    "a polygon of 4 numbers": [[1, 2, 3, 4]],
    "run lengths do not fill": {"size": [48, 64], "counts": "\x00é"},
    "segmentation is '[[1,2]]'": "[[1,2]]",
}


@pytest.mark.parametrize("sentence", BAD_OUTLINES)
@pytest.mark.parametrize("stated", [True, False])
def test_a_faulty_outline_is_told_and_leaves_the_box(tmp_path, sentence, stated):
    one = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]}
    image = {"id": 7, "file_name": "a.png", **({"width": 64, "height": 48} if stated else {})}
    file = coco(tmp_path, images=[image], annotations=[{**one, "segmentation": BAD_OUTLINES[sentence]}])
    assert str(only_fault(file)).startswith(f"{file}:6: annotation: {sentence}")
    (kept,) = read_coco(file).images[0].annotations
    assert kept.segmentation is None and kept.box == (1, 2, 4, 6)


def records(number, text):
    """Three lists whose ids were made by two functions."""
    return {
        "images": [{"id": number(7), "file_name": "a.png"}],
        "annotations": [
            {"id": 1, "image_id": text(7), "category_id": text(3), "bbox": [1, 2, 3, 4]},
        ],
        "categories": [{"id": number(3), "name": "cat"}],
    }


@pytest.mark.parametrize("kind", [float, str, int])
def test_ids_may_be_texts_or_whole_numbers_with_a_point(tmp_path, kind):
    data = read_coco(coco(tmp_path, **records(kind, kind)))
    assert data.faults == () and data.classes == (Class("cat", 3),)
    assert len(data.images[0].annotations) == 1


def test_ids_that_differ_in_their_type_alone(tmp_path):
    assert "here it is a text, there a number (3): write both in the same way" in str(
        only_fault(coco(tmp_path, **records(int, str)))
    )
    assert "here it is a number, there a text ('3')" in str(only_fault(coco(tmp_path, **records(str, int))))
    lists = records(int, str)
    lists["annotations"][0]["category_id"] = 3
    assert "no image with the id '7'; here it is a text, there a number (7)" in str(
        only_fault(coco(tmp_path, **lists))
    )


def test_one_file_in_two_records(tmp_path):
    images = [{"id": i, "file_name": name} for i, name in ((1, "a.png"), (2, "./a.png"), (3, "night/b.png"))]
    objects = [
        {"id": i, "image_id": image, "category_id": 3, "bbox": box}
        for i, (image, box) in enumerate(((1, [1, 2, 3, 4]), (2, [1, 2, 3, 4]), (2, [5, 6, 7, 8])))
    ]
    file = coco(tmp_path, images=images, annotations=objects)
    assert "is already in line 3, under another id" in str(only_fault(file)) and only_fault(file).line == 4
    first, other = read_coco(file).images
    assert [one.box for one in first.annotations] == [(1, 2, 4, 6), (5, 6, 12, 14)] and not other.annotations


@pytest.mark.parametrize(
    "name",
    [
        "C:\\Users\\me\\set\\b.png",
        "/home/me/set/b.png",
        "https://host/set/b.png?version=2",
        "/data/local-files/?d=set%2Fb.png",
        "../../b.png",
        "set/b.png",
        "B.PNG",
    ],
)
def test_names_of_other_machines_are_found_by_their_end(tmp_path, name):
    images = [{"id": 1, "file_name": name}, {"id": 2, "file_name": "images/c.png"}]
    file = coco(tmp_path / "d", images=images, annotations=[])
    save_image(tmp_path / "d" / "b.png")
    save_image(tmp_path / "d" / "images" / "c.png")
    data = read_coco(file)
    assert [image.path.relative_to(tmp_path / "d").as_posix() for image in data.images] == [
        "b.png",
        "images/c.png",
    ]
    assert len(data.remarks) == (name != "B.PNG") and data.images[0].name == "b.png"


def test_names_written_as_in_addresses(tmp_path):
    images = [{"id": 1, "file_name": "c%20d.png"}, {"id": 2, "file_name": "e%20f.png"}]
    file = coco(tmp_path, images=images, annotations=[])
    save_image(tmp_path / "c d.png")
    save_image(tmp_path / "e%20f.png")
    assert [image.path.name for image in read_coco(file).images] == ["c d.png", "e%20f.png"]


def test_equal_ends_of_names_are_never_mixed_up(tmp_path):
    images = [{"id": 1, "file_name": "/x/1/b.png"}, {"id": 2, "file_name": "/x/2/b.png"}]
    file = coco(tmp_path, images=images, annotations=[])
    save_image(tmp_path / "b.png")
    assert [image.path.is_file() for image in read_coco(file).images] == [False, False]


@pytest.mark.parametrize("missing", [0, 3, 9])
def test_one_missing_image_does_not_hide_the_folder_of_the_others(tmp_path, missing):
    images = [{"id": i, "file_name": f"{i}.png"} for i in range(10)]
    file = coco(tmp_path, images=images, annotations=[])
    for i in range(10):
        save_image(tmp_path / "images" / f"{i}.png")
    (tmp_path / "images" / f"{missing}.png").unlink()
    there = [image.path.is_file() for image in read_coco(file).images]
    assert there == [i != missing for i in range(10)]


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_names_in_any_form_of_unicode(tmp_path, forms):
    on_disk, stated = (unicodedata.normalize(form, "\uc0ac\uc9c4") for form in forms)
    categories = [{"id": i, "name": name} for i, name in ((1, on_disk), (2, stated))]
    images = [{"id": 1, "file_name": f"{stated}.png"}]
    objects = [{"id": i, "image_id": 1, "category_id": i, "bbox": [i, 2, 3, 4]} for i in (1, 2)]
    file = coco(tmp_path, images=images, annotations=objects, categories=categories)
    save_image(tmp_path / f"{on_disk}.png")
    data = read_coco(file)
    composed = unicodedata.normalize("NFC", on_disk)
    assert data.faults == () and data.classes == (Class(composed, 1),)
    assert [one.name for one in data.images[0].annotations] == [composed] * 2
    assert data.images[0].path.is_file()


OTHERS = {
    "is a file of labelme": {"shapes": [], "imagePath": "a.png", "version": "5"},
    "is a file of VIA": {"a.png1": {"filename": "a.png", "regions": []}},
    "is a file of VIA (VGG Image Annotator)": {"_via_settings": {}, "_via_img_metadata": {}},
    "which is not read; export it there as COCO (Annotation": {"project": {}, "view": {}, "file": {}},
    "is JSON of Label Studio": [{"id": 1, "data": {"image": "a.png"}, "annotations": []}],
    "is JSON of Label Studio; name it under labelstudio:": [
        {"id": 1, "image": "a.png", "label": [{"x": 1, "y": 2, "rectanglelabels": ["cat"]}], "annotator": 1}
    ],
    "of Label Studio": {"id": 1, "result": [], "task": {"data": {}}},
    "holds predictions of a model": [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5}],
    "holds captions, not boxes": {"images": [], "annotations": [{"id": 1, "image_id": 1, "caption": "a"}]},
    "is a panoptic file": {"images": [], "annotations": [{"segments_info": []}], "categories": []},
    "has no list 'images', but 'Images'; write 'images' in small letters": {
        "Images": [],
        "annotations": [],
        "categories": [],
    },
    "'images' is an object {…}, expected a list": {"images": {}, "annotations": [], "categories": []},
    "is a file of Supervisely": {"objects": [], "size": {"width": 1, "height": 1}},
    "is a list, expected an object": [1, 2],
    "is not an object": 7,
}


@pytest.mark.parametrize("sentence", OTHERS)
def test_other_kinds_of_json_are_told_as_what_they_are(tmp_path, sentence):
    path = tmp_path / "x.json"
    path.write_text(json.dumps(OTHERS[sentence]))
    fault = only_fault(path)
    assert str(fault).startswith(f"{path}: ") and sentence in str(fault) and fault.kind == "bad_coco"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"images": [\n{"id": NaN}]', ":2: is not valid JSON (NaN is no JSON"),
        ('{"images": [],\n"images": []}', ":2: is not valid JSON ('images' stands here a second time)"),
        ("", ": is empty"),
    ],
)
def test_damaged_json_is_told_at_its_line(tmp_path, text, told):
    path = tmp_path / "x.json"
    path.write_text(text)
    assert str(only_fault(path)).startswith(f"{path}{told}") and only_fault(path).kind == "bad_coco"


def test_annotations_without_any_category_are_one_fault(tmp_path):
    fault = only_fault(coco(tmp_path, categories=[]))
    assert "has annotations, but its list 'categories' is empty" in str(fault) and fault.kind == "bad_coco"


def test_lvis_names_its_images_by_their_address(tmp_path):
    images = [{"id": 1, "coco_url": "http://images.cocodataset.org/val2017/a.png"}]
    (image,) = read_coco(coco(tmp_path, images=images, annotations=[])).images
    assert image.path == tmp_path / "a.png"


texts = st.text(st.sampled_from('a"\\[]{},:\n검'), max_size=4)
leaves = st.none() | st.integers(-9, 10**20) | texts
values = leaves | st.lists(leaves | st.lists(leaves, max_size=2) | st.dictionaries(texts, leaves, max_size=2))


@settings(max_examples=40)
@given(st.dictionaries(texts, values, max_size=4), st.sampled_from([None, 0, 2]))
def test_located_json_is_jsons(tmp_path_factory, document, indent):
    path = tmp_path_factory.getbasetemp() / "located.json"
    path.write_text(json.dumps(document, indent=indent))
    found = LocatedJson(path)
    read = {**found.values, **{k: [r.value for r in v] for k, v in found.lists.items()}}
    assert read == document
    for records in found.lists.values():
        lines = [record.place.line for record in records]
        assert lines == sorted(lines) and (indent is not None or set(lines) <= {1})


@settings(max_examples=25)
@given(annotated_sets(outlines=True))
def test_what_is_written_is_read_by_the_evaluators(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "written.json"
    path.write_text(coco_text(data))
    with contextlib.redirect_stdout(io.StringIO()):
        readers = (COCO(str(path)), FastCoco(str(path)))
    for coco_api in readers:
        assert len(coco_api.getImgIds()) == len(data.images)
        found = coco_api.loadAnns(coco_api.getAnnIds())
        assert len(found) == data.annotation_count
        categories = {one["id"]: one["name"] for one in coco_api.loadCats(coco_api.getCatIds())}
        ours = [one for image in data.images for one in image.annotations]
        for record, one in zip(found, ours, strict=True):
            x, y, width, height = record["bbox"]
            assert categories[record["category_id"]] == one.name
            assert np.allclose((x, y, x + width, y + height), one.box)


@settings(max_examples=30)
@given(st.integers(1, 12), st.integers(1, 9), st.randoms(use_true_random=False))
def test_run_lengths_are_pycocotools(height, width, random):
    mask = np.array([[random.random() < 0.5 for _ in range(width)] for _ in range(height)], np.uint8)
    encoded = theirs.encode(np.asfortranarray(mask))
    ours = RunLengths(width, height, encoded["counts"].decode())
    assert np.array_equal(covered(ours, width, height), mask)
    assert segmentation_area(ours) == mask.sum()
    assert np.array_equal(covered(RunLengths(width, height, tuple(ours.runs)), width, height), mask)


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")  # pycocotools and newer numpy
@pytest.mark.parametrize("seed", range(5))
def test_polygons_cover_what_pycocotools_says_but_for_the_rim(seed):
    angles = np.sort(np.random.default_rng(seed).uniform(0, 2 * np.pi, 9))
    points = np.stack((60 + 40 * np.cos(angles), 50 + 45 * np.sin(angles)), 1).ravel()
    mask = covered((tuple(points),), 120, 100)
    expected = theirs.decode(theirs.merge(theirs.frPyObjects([points.tolist()], 100, 120))).astype(bool)
    assert (mask & expected).sum() / (mask | expected).sum() > 0.97
    assert abs(mask.sum() - segmentation_area((tuple(points),))) < 0.02 * mask.sum()


def test_a_rectangle_covers_its_pixels_and_parts_are_joined():
    square, other, third = (2, 1, 5, 1, 5, 4, 2, 4), (7, 5, 9, 5, 9, 8, 7, 8), (0, 6, 2, 6, 2, 9, 0, 9)
    mask = covered((square,), 10, 10)
    assert mask.sum() == 9 and mask[1:4, 2:5].all()
    parts = tuple(tuple(map(float, part)) for part in (square, other, third))
    assert np.array_equal(covered((merge_polygons(parts),), 10, 10), covered(parts, 10, 10))
    assert np.array_equal(covered((merge_polygons(parts[:2]),), 10, 10), covered(parts[:2], 10, 10))
    assert not covered(((-9.0, -9, -1, -9, -1, -1),), 10, 10).any()
    assert covered(((-9.0, -9, 99, -9, 99, 99, -9, 99),), 10, 7).all()


def test_annotations_of_a_faulty_image_are_not_faulty_too(tmp_path):
    images = [
        {"id": 7, "file_name": "a.png", "width": -1, "height": 48},
        {"id": 90, "file_name": "night/b.png"},
    ]
    one = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 2, 3, 4]}
    fault = only_fault(coco(tmp_path, images=images, annotations=[one]))
    assert "image: its size is -1 × 48" in str(fault)


def test_sizes_may_be_texts(tmp_path):
    images = [{"id": 7, "file_name": "a.png", "width": "64", "height": 48.0}]
    assert read_coco(coco(tmp_path, images=images, annotations=[])).images[0].size == (64, 48)
