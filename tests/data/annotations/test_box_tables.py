import json

import pytest
import yaml

from image_sets import box_table, save_image
from jumok.data.annotations.box_tables.reading import is_box_table, read_box_table
from jumok.errors import ConfigurationError
from jumok.experiment import read_experiment

BOX = (4, 5, 20, 30)


def only_fault(file):
    (fault,) = read_box_table(file).faults
    return fault


LAYOUTS = {
    "filename,width,height,class,xmin,ymin,xmax,ymax": "a.png,64,48,cat,4,5,20,30",
    "image_path,xmin,ymin,xmax,ymax,label": "a.png,4,5,20,30,cat",
    "Image Name;Label;X1;Y1;X2;Y2": "a.png;cat;4;5;20;30",
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax": "a,x,cat,1,0.0625,0.3125,0.10416666666667,0.625",
    "label_name,bbox_x,bbox_y,bbox_width,bbox_height,image_name,image_width,image_height": "cat,4,5,16,25,a.png,64,48",
    "file_name,x,y,width,height,class_name": "a.png,4,5,16,25,cat",
    "image_id,width,height,bbox,class": 'a,64,48,"[4, 5, 16, 25]",cat',
    "filename\tclass\tleft\ttop\tright\tbottom": "C:\\\\data\\\\a.png\tcat\t4\t5\t20\t30",
    "": "a.png,4,5,20,30,cat",
    " ": "cat,4,5,16,25,a.png,64,48",
}


@pytest.mark.parametrize("header", LAYOUTS)
def test_columns_are_known_by_their_names(tmp_path, header):
    file = box_table(tmp_path, LAYOUTS[header], header=header.strip())
    data = read_box_table(file)
    (one,) = data.images[0].annotations
    assert data.faults == () and one.name == "cat" and one.box == pytest.approx(BOX)
    assert data.images[0].path == tmp_path / "a.png" and is_box_table(file)
    assert one.place == (str(file), 1 + bool(header.strip()))


WITH_SIZE = {"filename": 1, "width": 2, "height": 3, "class": 4, "xmin": 5, "ymin": 6, "xmax": 7, "ymax": 8}


@pytest.mark.parametrize(
    ("row", "numbers", "size"),
    [
        ("a.png,64,48,cat,4,5,20,30", WITH_SIZE, (64, 48)),
        ("a.png,4,5,20,30,cat,0.9", {"file": 1, "x1": 2, "y1": 3, "x2": 4, "y2": 5, "label": 6}, None),
        ("cat;4;5;16;25;a.png", {"class": 1, "x": 2, "y": 3, "width": 4, "height": 5, "filename": 6}, None),
    ],
)
def test_columns_without_names_are_numbered(tmp_path, row, numbers, size):
    file = box_table(tmp_path, row, row, header="")
    data = read_box_table(file, numbers=numbers)
    first, second = data.images[0].annotations
    assert data.faults == () and first.name == "cat" and first.box == second.box == BOX
    assert (first.place, second.place) == ((str(file), 1), (str(file), 2))
    assert data.images[0].size == size


def test_the_remedy_of_a_table_without_names_works(tmp_path):
    file = box_table(tmp_path, "a.png,4,5,20,30,cat,0.9", header="")
    fault = only_fault(file)
    assert fault.kind == "unknown_column" and fault.line == 1
    numbers = yaml.safe_load(fault.remedy.partition("columns: ")[2])
    assert read_box_table(file, numbers=numbers).images[0].annotations[0].box == BOX
    (beyond,) = read_box_table(file, numbers={**numbers, "class": 9}).faults
    assert beyond.problem.startswith("has no column 9, only 7")
    (lacking,) = read_box_table(file, numbers={"filename": 1, "class": 6}).faults
    assert lacking.problem.startswith("has no columns of boxes")


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ("{filename: 1, colour: 2}", "is no column of boxes"),
        ("{filename: name}", "columns of boxes have numbers"),
    ],
)
def test_an_experiment_numbers_columns_of_boxes(tmp_path, columns, sentence):
    row = "a.png,64,48,cat,4,5,20,30"
    box_table(tmp_path, row, header="").rename(tmp_path / "t.csv")
    text = """
inputs: {{photo: {{kind: image}}}}
outputs: {{seen: {{kind: boxes}}}}
data: {{train: {{boxes: t.csv, columns: {0}}}, valid: {{boxes: t.csv, columns: {0}}}}}
"""
    (tmp_path / "x.yaml").write_text(text.format(json.dumps(WITH_SIZE)))
    data = read_experiment(tmp_path / "x.yaml").data.train.read()
    assert data.faults == () and data.images[0].annotations[0].box == BOX
    (tmp_path / "x.yaml").write_text(text.format(columns))
    with pytest.raises(ConfigurationError, match=sentence):
        read_experiment(tmp_path / "x.yaml")


def test_rows_of_an_image_and_images_that_show_nothing(tmp_path):
    save_image(tmp_path / "b.png")
    row = "{},64,48,{},{}"
    rows = ("a.png,64,48,cat,4,5,20,30", "b.png,64,48,,,,,", "a.png,64,48,dog,1,2,3,4")
    data = read_box_table(box_table(tmp_path, *rows))
    assert data.faults == () and data.names == ("cat", "dog") and row
    assert [[one.name for one in image.annotations] for image in data.images] == [["cat", "dog"], []]
    assert data.images[0].size == (64, 48)


def test_a_folder_of_images_is_found(tmp_path):
    file = box_table(tmp_path)
    for name in ("images", "train", "photos"):
        (tmp_path / name).mkdir()
        (tmp_path / "a.png").rename(tmp_path / name / "a.png")
        data = read_box_table(file.rename(tmp_path / "train_labels.csv"))
        assert data.images[0].path == tmp_path / name / "a.png"
        assert len(data.remarks) == (name == "photos")
        (tmp_path / name / "a.png").rename(tmp_path / "a.png")
        file = tmp_path / "train_labels.csv"
    assert read_box_table(file, tmp_path / "photos").images[0].path == tmp_path / "photos" / "a.png"


FAULTY = {
    "row: the left edge is 'no', expected a number": "a.png,64,48,cat,no,5,20,30",
    "row: the top edge is '', expected": "a.png,64,48,cat,4,,20,30",
    "row: has a box but no class": "a.png,64,48,,4,5,20,30",
    "row: has no image": ",64,48,cat,4,5,20,30",
    "row: its size is wide × 48": "a.png,wide,48,cat,4,5,20,30",
    "row: states 10 × 10, but line 2 states 64 × 48": "a.png,10,10,cat,4,5,20,30",
    "has 7 columns, expected 8": "a.png,64,48,cat,4,5,20",
}


@pytest.mark.parametrize("sentence", FAULTY)
def test_faulty_rows_are_named_with_their_line(tmp_path, sentence):
    file = box_table(tmp_path, "a.png,64,48,cat,4,5,20,30", FAULTY[sentence])
    assert str(only_fault(file)).startswith(f"{file}:3: {sentence}")


def test_other_tables_are_told(tmp_path):
    file = box_table(tmp_path, "der Hund,the dog", header="german,english")
    fault = only_fault(file)
    assert "has no column of image files; its first row is 'german, english'" in str(fault)
    assert "expected columns like filename,width" in str(fault) and not is_box_table(file)
    assert "has no columns of boxes" in str(only_fault(box_table(tmp_path, "a.png,x", header="image,text")))
    file.write_text("")
    assert only_fault(file).kind == "empty_file"
