import base64
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from image_sets import coco, labelme, labelme_shape, save_image
from jumok.data.annotations.labelme.reading import read_labelme
from jumok.data.annotations.segmentation import RunLengths, covered

CORNERS = ((4, 5), (20, 5), (20, 30))


def only_fault(folder):
    (fault,) = read_labelme(folder).faults
    return fault


def marked(folder):
    data = read_labelme(folder)
    assert data.faults == ()
    return data.images[0].annotations


def test_boxes_and_outlines(tmp_path):
    shapes = (
        labelme_shape("dog", (20, 30), (4, 5)),
        labelme_shape("cat", *CORNERS, kind="polygon"),
        labelme_shape("cat", (30, 20), (33, 24), kind="circle"),
    )
    box, outline, circle = marked(labelme(tmp_path, *shapes))
    assert box.box == outline.box == (4, 5, 20, 30) and box.segmentation is None and box.name == "dog"
    assert outline.segmentation == ((4, 5, 20, 5, 20, 30),)
    assert circle.box == (25, 15, 35, 25)
    assert covered(circle.segmentation, 64, 48).sum() == pytest.approx(np.pi * 25, rel=0.05)
    assert [one.place for one in (box, outline)] == [
        (str(tmp_path / "a.json"), 2),
        (str(tmp_path / "a.json"), 3),
    ]
    data = read_labelme(tmp_path)
    assert data.names == ("cat", "dog") and data.images[0].size == (64, 48)
    assert read_labelme(tmp_path, None, ("dog", "cat")).names == ("dog", "cat")


def test_painted_masks(tmp_path):
    part = np.zeros((6, 5), bool)
    part[1:3, 2:5] = True
    file = io.BytesIO()
    Image.fromarray(part).save(file, format="PNG")
    text = base64.b64encode(file.getvalue()).decode()
    (one,) = marked(labelme(tmp_path, labelme_shape("cat", (10, 20), (14, 25), kind="mask", mask=text)))
    assert isinstance(one.segmentation, RunLengths) and one.box == (12, 21, 15, 23)
    mask = covered(one.segmentation, 64, 48)
    assert mask.sum() == 6 and mask[21:23, 12:15].all()


def test_shapes_of_a_group_are_one_object(tmp_path):
    other = ((40, 5), (50, 5), (50, 40))
    shapes = [
        labelme_shape("cat", *CORNERS, kind="polygon", group_id=1),
        labelme_shape("dog", *CORNERS, kind="polygon", group_id=1),
        labelme_shape("cat", *other, kind="polygon", group_id=1),
        labelme_shape("cat", *other, kind="polygon", group_id=None),
        labelme_shape("cat", *other, kind="polygon", group_id=None),
    ]
    found = marked(labelme(tmp_path, *shapes))
    assert [(one.name, len(one.segmentation)) for one in found] == [
        ("cat", 2),
        ("dog", 1),
        ("cat", 1),
        ("cat", 1),
    ]
    assert found[0].box == (4, 5, 50, 40)


def test_points_and_lines_are_told_and_left_out(tmp_path):
    shapes = [labelme_shape("x", (1, 2), kind="point"), labelme_shape("x", (1, 2), (3, 4), kind="line")]
    data = read_labelme(labelme(tmp_path, *shapes))
    assert data.dropped_fields == {"shapes of the kind point": 1, "shapes of the kind line": 1}
    assert "left out, because they have no area: 1 shapes of the kind point" in str(data.remarks[0])


@pytest.mark.parametrize(
    "stated", ["a.png", "..\\\\images\\\\a.png", "../a.png", "C:\\\\x\\\\a.png", "A.PNG", "gone.jpg", ""]
)
@pytest.mark.parametrize("place", ["", "../images"])
def test_images_are_found(tmp_path, stated, place):
    folder = labelme(tmp_path / "json", image=stated)
    target = folder / place / "a.png"
    target.parent.mkdir(exist_ok=True)
    shutil.move(folder / "a.png", target)
    data = read_labelme(folder)
    assert data.images[0].path.samefile(target) and data.faults == ()


def test_folders_in_folders_and_images_alone(tmp_path):
    labelme(tmp_path / "day", name="a")
    labelme(tmp_path / "night", name="b")
    save_image(tmp_path / "night" / "c.png")
    save_image(tmp_path / "night" / ".x" / "c.png")
    data = read_labelme(tmp_path)
    assert [image.name for image in data.images] == ["day/a.png", "night/b.png"]
    assert "1 image without a JSON file left out" in str(data.remarks[0]) and len(data.remarks) == 1


FAULTY = {
    "shape: has no label": {"points": [[1, 2], [3, 4]], "shape_type": "rectangle"},
    "shape: points are [[1, 2], [3]], expected [[x, y], …]": labelme_shape("a", (1, 2))
    | {"points": [[1, 2], [3]]},
    "shape: points are None": labelme_shape("a") | {"points": None},
    "shape: a polygon of 2 points, expected 3": labelme_shape("a", (1, 2), (3, 4), kind="polygon"),
    "shape: a circle of 1 point,": labelme_shape("a", (1, 2), kind="circle"),
    "shape: is of the kind 'blob'": labelme_shape("a", (1, 2), kind="blob"),
    "shape: its mask is no PNG": labelme_shape("a", (1, 2), (3, 4), kind="mask", mask="????"),
    "shape: expected a shape": 7,
}


@pytest.mark.parametrize("sentence", FAULTY)
def test_faulty_shapes_are_named_with_their_line(tmp_path, sentence):
    folder = labelme(tmp_path, labelme_shape("cat", (1, 2), (9, 9)), FAULTY[sentence])
    assert str(only_fault(folder)).startswith(f"{tmp_path / 'a.json'}:3: {sentence}")
    assert len(read_labelme(folder).images[0].annotations) == 1


def test_other_files_are_told(tmp_path):
    assert only_fault(tmp_path / "no").kind == "missing_file"
    (tmp_path / "empty").mkdir()
    assert "holds no JSON files" in str(only_fault(tmp_path / "empty"))
    labelme(tmp_path / "d")
    (tmp_path / "d" / "x.json").write_text('{"shapes": [')
    assert only_fault(tmp_path / "d").kind == "bad_json"
    (tmp_path / "d" / "x.json").write_text(json.dumps({"via": {"regions": []}}))
    assert "is a file of VIA" in str(only_fault(tmp_path / "d"))
    assert only_fault(coco(tmp_path / "c").parent).kind == "bad_labelme"


def test_sizes_that_would_fill_the_memory(tmp_path):
    file = io.BytesIO()
    Image.new("1", (4, 4), 1).save(file, format="PNG")
    text = base64.b64encode(file.getvalue()).decode()
    shape = labelme_shape("cat", (10, 20), (14, 25), kind="mask", mask=text)
    folder = labelme(tmp_path, shape, imageWidth=10**9, imageHeight=10**9)
    assert "pixels are more than 100 million" in str(only_fault(folder))
    first = read_labelme(labelme(tmp_path, shape, imageWidth=10**400)).faults[0]
    assert "image: holds a number that is too large" in str(first)


def test_flags_of_objects_are_read_and_other_words_are_counted(tmp_path):
    marked = labelme_shape(
        "cat", (4, 5), (20, 30), flags={"difficult": True, "crowd": False, "blurred": True}
    )
    told = labelme_shape("cat", (4, 5), (20, 30), flags={"occluded": True}, description="seen twice")
    data = read_labelme(labelme(tmp_path, marked, told, flags={"night": True, "rain": False}))
    one, other = data.images[0].annotations
    assert one.difficult and not one.crowd and other.occluded and data.faults == () and data.remarks == ()
    counted = {"flags of shapes": 1, "descriptions": 1, "flags of images": 1}
    assert {what: count for what, count in data.dropped_fields.items() if count} == counted
