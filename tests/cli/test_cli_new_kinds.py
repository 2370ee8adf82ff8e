"""`jumok new KIND...`: for every cell of the table of kinds it writes data and an experiment that train and answer."""

import csv
from pathlib import Path
from typing import Any

import pytest

from jumok.experiment import made_data, read_experiment
from jumok.predictor import load

CELLS = [
    *[f"text {output}" for output in ("text", "label", "values")],
    *[f"image {output}" for output in ("text", "label", "values", "boxes", "mask")],
    *[f"series {output}" for output in ("text", "label", "values", "forecast")],
    *[f"frames {output}" for output in ("text", "label", "values")],
    *["image text label", "image boxes mask", "image text boxes", "image series mask", "image boxes label"],
    *["series text forecast", "series frames label values", "text image series frames text"],
]
FEW = {"train": 24, "valid": 8, "test": 8}
QUICK = ("training.steps=3", "training.evaluate_every=3", "model.width=16", "model.heads=2")
FP32 = "training.precision=fp32"  # else each tries bf16, which is tested with the first cell and by itself


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(made_data, "EXAMPLE_COUNTS", FEW)


def first_inputs(file: Path) -> dict[str, Any]:
    """The inputs of the first example of test, as somebody would give them to the model."""
    experiment, folder = read_experiment(file), Path(f"{file.stem}-data")
    if not (folder / "test.tsv").exists():
        (name,) = experiment.inputs
        return {
            name: f"{folder}/hours.csv#0:48" if (folder / "hours.csv").exists() else folder / "images/033.png"
        }
    with (folder / "test.tsv").open(encoding="utf-8", newline="") as table:
        row = next(csv.DictReader(table, delimiter="\t"))
    places = {name: [folder / row[name], folder / "images" / row[name]] for name in experiment.inputs}
    return {name: next((p for p in found if p.is_file()), row[name]) for name, found in places.items()}


@pytest.mark.parametrize("kinds", CELLS)
def test_it_trains_and_answers(jumok, kinds):
    ended = jumok("new", *kinds.split())
    file = Path(f"{kinds.replace(' ', '-')}.yaml")
    assert ended.status == 0 and ended.output == f"{file}\n" and f"jumok train {file}" in ended.talk
    changes = QUICK if kinds == CELLS[0] else (*QUICK, FP32)
    trained = jumok("train", file, "--run", "run", *(word for one in changes for word in ("--set", one)))
    assert trained.status == 0, trained.talk
    (prediction,) = load(Path("run")).predict([first_inputs(file)])
    assert set(prediction.outputs) == set(read_experiment(file).outputs)


@pytest.mark.parametrize("kinds", ["image series boxes mask", "series forecast", "frames label"])
def test_it_has_no_faults(jumok, kinds):
    jumok("new", "x.yaml", *kinds.split())
    checked = jumok("check", "x.yaml")
    assert checked.status == 0 and "no faults" in checked.talk, checked.talk


def test_no_two_examples_are_alike_and_answers_follow_from_them(jumok):
    jumok("new", "text", "text", "label", "values")
    tables = [Path(f"text-text-label-values-data/{split}.tsv").read_text(encoding="utf-8") for split in FEW]
    rows = [row for table in tables for row in csv.DictReader(table.splitlines(), delimiter="\t")]
    assert len({row["source"] for row in rows}) == len(rows) == sum(FEW.values())
    meanings = {(row["source"].split()[3], row["label"]) for row in rows}
    amounts = {(row["source"].split()[4], row["amount"]) for row in rows}
    assert (len(meanings), len(amounts)) == (3, 4)


def test_names_are_given_or_usual(jumok):
    jumok("new", "motion:series", "image", "image", "exercise:label", "text")
    experiment = read_experiment("motion-series-image-image-exercise-label-text.yaml")
    assert list(experiment.inputs) == ["motion", "image", "image2"]
    assert list(experiment.outputs) == ["exercise", "target"]
    assert experiment.training.select == "exercise.accuracy"


def test_kinds_and_data_of_ones_own(jumok):
    Path("own.csv").write_text("signal,label\na.csv,x\nb.csv,y\n")
    ended = jumok("new", "own.yaml", "series", "label", "--data", "own.csv")
    assert ended.status == 0 and not Path("own-data").exists()
    experiment = read_experiment("own.yaml")
    assert (experiment.inputs["signal"].kind, experiment.outputs["label"].kind) == ("series", "label")
    assert experiment.data.train.table == Path("own.csv").absolute()


def test_nothing_is_overwritten(jumok, refused):
    jumok("new", "text", "label")
    written = Path("text-label.yaml").read_bytes()
    assert "text-label.yaml exists already" in refused("new", "text", "label")
    Path("text-label.yaml").unlink()
    Path("text-label-data/train.tsv").write_text("mine")
    assert "text-label-data exists already" in refused("new", "text", "label")
    assert Path("text-label-data/train.tsv").read_text() == "mine" and not Path("text-label.yaml").exists()
    assert jumok("new", "other.yaml", "text", "label").status == 0
    assert Path("other.yaml").read_bytes() != written and Path("other-data/train.tsv").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["serie", "label"], "serie: there is no kind 'serie'; did you mean 'series'?"),
        (["a.yaml", "b.yaml"], "name one file to write; got a.yaml and b.yaml"),
        (["label"], "label can only be an output; name inputs first, like: image label"),
        (["text"], "text is an input alone; name outputs after it, like: text label"),
        (["text", "label", "image"], "image can only be an input; name inputs before outputs"),
        (["text", "image"], "image can only be an input; name inputs before outputs"),
        (["2nd:text", "label"], "'2nd' must be made of letters, digits and _"),
        (["text", "boxes"], "a boxes output needs one input of kind image; there is none"),
        (["a:text", "a:label"], "a is named twice"),
        (["a:text", "a:text", "label"], "a is named twice"),
        (["text", "label", "--input", "b"], "give inputs and outputs once"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(refused, words, sentence):
    assert sentence in refused("new", *words)
    assert not list(Path().iterdir())
