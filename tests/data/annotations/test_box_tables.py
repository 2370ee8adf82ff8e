import pytest

from jumok.data.annotations.box_table import is_box_table, read_box_table
from picture_sets import box_table, save_image

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
    (one,) = data.pictures[0].annotations
    assert data.faults == () and one.name == "cat" and one.box == pytest.approx(BOX)
    assert data.pictures[0].path == tmp_path / "a.png" and is_box_table(file)
    assert one.place == (str(file), 1 + bool(header.strip()))


def test_rows_of_an_image_and_images_that_show_nothing(tmp_path):
    save_image(tmp_path / "b.png")
    row = "{},64,48,{},{}"
    rows = ("a.png,64,48,cat,4,5,20,30", "b.png,64,48,,,,,", "a.png,64,48,dog,1,2,3,4")
    data = read_box_table(box_table(tmp_path, *rows))
    assert data.faults == () and data.names == ("cat", "dog") and row
    assert [[one.name for one in picture.annotations] for picture in data.pictures] == [["cat", "dog"], []]
    assert data.pictures[0].size == (64, 48)


def test_a_folder_of_images_is_found(tmp_path):
    file = box_table(tmp_path)
    for name in ("images", "train", "photos"):
        (tmp_path / name).mkdir()
        (tmp_path / "a.png").rename(tmp_path / name / "a.png")
        data = read_box_table(file.rename(tmp_path / "train_labels.csv"))
        assert data.pictures[0].path == tmp_path / name / "a.png"
        assert len(data.remarks) == (name == "photos")
        (tmp_path / name / "a.png").rename(tmp_path / "a.png")
        file = tmp_path / "train_labels.csv"
    assert read_box_table(file, tmp_path / "photos").pictures[0].path == tmp_path / "photos" / "a.png"


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
