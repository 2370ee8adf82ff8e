"""A folder of images gets a table, row by row, which training reads at any time."""

import os
from pathlib import Path

import pytest
import yaml
from made_tables import IMAGE, readers_cells, values
from PIL import Image

from jumok.errors import DataError
from jumok.experiment import read_experiment
from jumok.labelling.contract import LabelConflict
from jumok.labelling.recordings.row_sources import open_rows
from jumok.labelling.tables.image_table import ImageTableStore, open_image_table

NAMES = ("a.jpg", "b, c.png", "night/a.jpg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number, name in enumerate(NAMES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 24), (80 * number, 10, 20)).save(folder / name)
    return folder


def say(store: ImageTableStore, key: str, **texts: str | None) -> None:
    store.write(key, store.read(key).version, values(**texts))


def test_the_table_has_the_images_that_are_labelled(folder: Path):
    store = open_image_table(folder, "label", ["cat", "dog"])
    assert [item.key for item in store.items()] == list(NAMES)
    assert {item.state for item in store.items()} == {"unlabelled"}
    assert not (folder / "labels.csv").exists() and store.classes() == ("cat", "dog")
    say(store, "night/a.jpg", label="dog")
    say(store, "b, c.png", label="bird")
    assert (folder / "labels.csv").read_text() == 'image,label\nnight/a.jpg,dog\n"b, c.png",bird\n'
    assert [item.state for item in store.items()] == ["unlabelled", "labelled", "labelled"]
    assert store.items()[2].image == folder / "night/a.jpg" and store.classes() == ("cat", "dog", "bird")
    say(store, "night/a.jpg", label=None)
    assert (folder / "labels.csv").read_text() == 'image,label\n"b, c.png",bird\n'
    assert store.read("night/a.jpg").version == "" and store.read("night/a.jpg").state == "unlabelled"
    assert store.changed() == frozenset()
    again = open_image_table(folder, "label")
    assert again.read("b, c.png") == store.read("b, c.png")


@pytest.mark.parametrize("kind", ["label", "text"])
def test_a_new_experiment_finds_the_table_and_training_reads_it(folder: Path, kind: str, jumok):
    store = open_image_table(folder, kind)
    for number, name in enumerate(NAMES):
        say(store, name, **{kind: f"word {number}"})
    made = jumok("new", folder.parent / "x.yaml", "--data", folder, "--output", f"{kind}:{kind}")
    assert made.status == 0
    said = yaml.safe_load((folder.parent / "x.yaml").read_text())
    assert said["data"]["train"] == {"table": "photos/labels.csv"}
    experiment = read_experiment(folder.parent / "x.yaml")
    source = experiment.data.train.build(experiment.inputs, experiment.outputs)
    assert [row.values for row in source.rows()] == [(name, f"word {n}") for n, name in enumerate(NAMES)]
    opened = open_rows(experiment.data.train, experiment.inputs, experiment.outputs)
    assert [item.image for item in opened.items()] == [folder / name for name in NAMES]
    assert opened.read("row 2").marks == values(**{kind: "word 0"})


def test_others_rows_and_columns_stay(folder: Path):
    table = folder / "labels.csv"
    table.write_bytes(b"who,label,image\r\nme,cat,night/a.jpg\r\nyou,,a.jpg\r\nme,dog,gone.jpg\r\nme,x,a.jpg")
    store = open_image_table(folder, "label")
    assert [(item.key, item.state) for item in store.items()] == [
        ("a.jpg", "unlabelled"),
        ("b, c.png", "unlabelled"),
        ("night/a.jpg", "labelled"),
        ("row 4", "labelled"),
        ("row 5", "labelled"),
    ]
    say(store, "night/a.jpg", label=None)
    say(store, "a.jpg", label="cat")
    say(store, "b, c.png", label="new")
    assert table.read_bytes() == (
        b"who,label,image\r\nme,,night/a.jpg\r\nyou,cat,a.jpg\r\nme,dog,gone.jpg\r\nme,x,a.jpg\r\n"
        b',new,"b, c.png"'
    )


def test_two_programs_that_label_one_image_are_told(folder: Path):
    one, two = open_image_table(folder, "label"), open_image_table(folder, "label")
    first, second = one.read("a.jpg").version, two.read("a.jpg").version
    one.write("a.jpg", first, values(label="cat"))
    with pytest.raises(LabelConflict) as raised:
        two.write("a.jpg", second, values(label="dog"))
    assert raised.value.current.marks == values(label="cat")
    assert two.changed() == {"a.jpg"}
    say(two, "a.jpg", label=None)
    with pytest.raises(LabelConflict, match="removed"):
        one.write("a.jpg", raised.value.current.version, values(label="dog"))
    assert (folder / "labels.csv").read_text() == "image,label\n"
    assert one.changed() == {"a.jpg"}


def test_no_name_leads_out_of_the_folder(folder: Path):
    store = open_image_table(folder, "label")
    Image.new("RGB", (4, 4)).save(folder.parent / "secret.png")
    for key in ("../secret.png", str(folder.parent / "secret.png"), "none.png"):
        with pytest.raises(DataError, match="has no"):
            store.read(key)
        with pytest.raises(DataError, match="has no"):
            store.inputs(key)


def test_a_name_that_tables_do_not_keep_is_told(folder: Path):
    os.rename(folder / "a.jpg", folder / " a.jpg")
    store = open_image_table(folder, "label")
    assert "rename it" in store.read(" a.jpg").problems[0]
    with pytest.raises(DataError, match="rename it"):
        say(store, " a.jpg", label="cat")
    with pytest.raises(DataError, match="no images"):
        open_image_table(folder.parent / "nowhere", "label")


def test_a_table_may_stand_elsewhere(folder: Path):
    table = folder.parent / "tables" / "mine.csv"
    table.parent.mkdir()
    store = open_image_table(folder, "text", table=table)
    say(store, "night/a.jpg", text="a dark room")
    assert table.read_text() == "image,text\n../photos/night/a.jpg,a dark room\n"
    assert store.read("night/a.jpg").state == "labelled"
    source = store.snapshot(folder.parent / "shot")
    rows = readers_cells(source["table"], "label", inputs=IMAGE, columns={"label": "text"})
    assert [row.values for row in rows] == [(str(table.parent / "../photos/night/a.jpg"), "a dark room")]
