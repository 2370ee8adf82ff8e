"""Labels: cells and their faults, uneven classes, calibration, and answers by command line."""

import json
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import yaml

from jumok.dataset.prepare import prepare
from jumok.dataset.report import report
from jumok.dataset.split import Split
from jumok.errors import ConfigurationError, DataError, RunError
from jumok.evaluation.runs import evaluate
from jumok.experiment import read_experiment
from jumok.inspection.inspect import inspect_input
from jumok.kinds.label.calibration import best_temperature, read_label_state, threshold_of_best_f1
from jumok.kinds.label.cells import BadCell, ClassNames, label_names, names_in
from jumok.predictor import load
from jumok.training import train
from small_experiments import write_table
from small_labels import LABEL_TASKS, PICTURE_OUTPUTS, shade_experiment, trained_labels, word_experiment
from small_series import series_experiment

WORDS = ["ab", "ba", "ca", "bc", "cb", "ac"]


def train_split(folder: Path, cells: list[str], outputs: dict[str, object], *more: str) -> Split:
    """The train split of words with these cells of an output `first`."""
    rows = [(f"{WORDS[n % 6]}{n}", cell) for n, cell in enumerate(cells)]
    for part in ("train", "valid", "test"):
        write_table(folder / f"{part}.tsv", rows, ("word", "first"))
    return prepare(word_experiment(folder, {"first": outputs}, *more), lambda _: None).splits["train"]


def refused(folder: Path, part: str, lines: list[str], outputs: dict[str, object]) -> str:
    """The refusal of a split that has other lines than the others."""
    rows = [(word, word[0]) for word in WORDS]
    for name in ("train", "valid", "test"):
        write_table(folder / f"{name}.tsv", rows, ("word", "first"))
    write_table(folder / f"{part}.tsv", [line.split("\t") for line in lines], ("word", "first"))
    with pytest.raises(DataError) as error:
        prepare(word_experiment(folder, {"first": outputs}), lambda _: None)
    return str(error.value)


def test_several_labels_of_a_cell():
    assert label_names("a; b;c", several=True) == ("a", "b", "c")
    assert label_names('["a", "b; c", 3]', several=True) == ("a", "b; c", "3")
    assert label_names("[]", several=True) == ()
    assert label_names("a; b", several=False) == ("a; b",)
    for cell in ("a;;b", "a;", "[1", "[[1]]", '["a", ""]'):
        with pytest.raises(BadCell):
            label_names(cell, several=True)


def test_classes_are_in_the_order_of_numbers_then_of_the_alphabet():
    assert names_in(["10", "9", "b", "a", "-1"], several=False) == ("-1", "9", "10", "a", "b")


def test_cells_may_be_numbers_of_named_classes():
    cells = ClassNames(("cat", "dog", "0"), several=False, by_number=True)
    assert [cells.label(text) for text in ("dog", "1", "0")] == [
        (1,),
        (1,),
        (2,),
    ]  # a name goes before a number
    assert cells.unknown("3") == "3"
    assert ClassNames(("cat", "dog"), several=False, by_number=False).unknown("1") == "1"


def test_a_class_that_train_lacks_is_named_with_file_and_line(tmp_path):
    said = refused(tmp_path, "valid", ["ab\ta", "zz\tbb", "ca\tc"], {"kind": "label"})
    assert said.startswith(f"{tmp_path}/valid.tsv:3: first is 'bb', but training knows only a, b, c; ")


def test_a_label_that_is_none_of_the_given_classes_is_refused_in_train_too(tmp_path):
    lines = ["ab\tlow", "zz\thihg", "ca\thigh"]
    said = refused(tmp_path, "train", lines, {"kind": "label", "ordered": ["low", "high"]})
    assert said.startswith(f"{tmp_path}/train.tsv:3: first is 'hihg'") and "did you mean 'high'?" in said


def test_a_column_with_one_class_teaches_nothing(tmp_path):
    said = refused(tmp_path, "train", ["ab\ta", "zz\ta"], {"kind": "label"})
    assert "train.tsv: all 2 examples have the same first, 'a'; add examples of another class" in said


def test_a_damaged_list_of_labels_is_named_with_file_and_line(tmp_path):
    said = refused(tmp_path, "test", ["ab\ta", "zz\t[a"], {"kind": "label", "several": True})
    assert said.startswith(f"{tmp_path}/test.tsv:3: first holds '[a', which is no list of labels; ")


def test_an_empty_label_is_named_with_file_and_line(tmp_path):
    said = refused(tmp_path, "test", ["ab\ta", "zz\t"], {"kind": "label"})
    assert said.startswith(f"{tmp_path}/test.tsv:3: column 'first' is empty")


@pytest.mark.parametrize(
    "options",
    [
        {"ordered": ["a", "b"], "several": True},
        {"ordered": ["a", "b"], "classes": ["a", "b"]},
        {"classes": ["a", "a"]},
        {"metric": "mae"},
        {"metric": "balanced_accuracy", "several": True},
        {"ordered": ["a", "b"], "head": {"queries": "each"}},
        {"head": {"pool": "mean", "queries": "each"}},
    ],
)
def test_options_that_contradict_each_other_are_refused(tmp_path, options):
    write_table(tmp_path / "train.tsv", [("ab", "a")], ("word", "first"))
    with pytest.raises(ConfigurationError, match="outputs.first"):
        word_experiment(tmp_path, {"first": {"kind": "label", **options}})


def test_uneven_classes_are_a_remark_of_check(tmp_path):
    cells = ["yes"] * 2 + ["no"] * 48
    train_split(tmp_path, cells, {"kind": "label"})
    found = report(
        prepare(word_experiment(tmp_path, {"first": {"kind": "label"}}), lambda _: None, tolerant=True)
    )
    (remark,) = [one for one in found.remarks if one.kind == "uneven_classes"]
    assert str(remark).startswith(
        f"{tmp_path}/train.tsv: first is uneven: 48 examples of 'no' (96%), 2 of 'yes'; to answer 'no' always is an "
        "accuracy of 0.96; "
    )


def test_a_class_without_examples_and_too_many_classes_are_remarks(tmp_path):
    def remarks(cells: list[str], **options: object) -> list[str]:
        split = train_split(tmp_path, cells, {"kind": "label", **options})
        check = split.outputs["first"].check
        assert check is not None
        return [one.problem for one in check.remarks(split.texts, split.rows)]

    assert remarks(["a", "b"], classes=["a", "b", "c"]) == ["has no example of 'c', which cannot be learned"]
    assert remarks([f"{n}.5" for n in range(30)]) == ["has 30 classes in 30 examples"]
    assert remarks(["a", "b", "a"]) == []


def test_balanced_weights_make_rare_classes_count_the_same(tmp_path):
    split = train_split(tmp_path, ["a"] * 3 + ["b"], {"kind": "label", "class_weights": "balanced"})
    assert split.outputs["first"].head.weights.tolist() == pytest.approx([4 / 6, 4 / 2])
    split = train_split(
        tmp_path, ["a"] * 3 + ["a; b"], {"kind": "label", "several": True, "class_weights": "balanced"}
    )
    assert split.outputs["first"].head.weights.tolist() == pytest.approx([1 / 4, 3])


def test_the_best_temperature_undoes_one():
    random = np.random.default_rng(0)
    logits = random.normal(size=(4000, 4))
    true = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    classes = np.array([random.choice(4, p=row) for row in true])
    sharp = np.exp(3 * logits) / np.exp(3 * logits).sum(1, keepdims=True)
    assert best_temperature(sharp, classes) == pytest.approx(3.0, rel=0.1)
    assert best_temperature(true, classes) == pytest.approx(1.0, rel=0.1)


def test_the_best_threshold_parts_what_can_be_parted():
    probabilities, present = np.array([0.9, 0.4, 0.4, 0.2, 0.1]), np.array([1, 1, 1, 0, 0], dtype=bool)
    assert threshold_of_best_f1(probabilities, present) == pytest.approx(0.3)
    assert threshold_of_best_f1(probabilities[:3], present[:3]) == pytest.approx(0.2)


def test_a_training_calibrates_labels_on_valid():
    """Thresholds of several labels, or a temperature, are kept with the model, and make its F1 no worse on valid."""
    folder = trained_labels("several")
    found = read_label_state(folder / "run" / "model" / "letters.label.json")
    assert found.classes == ("a", "b", "c") and len(found.calibration.thresholds) == 3
    assert evaluate(folder / "run", "valid").values()["f1"] > 0.95
    ordered = read_label_state(trained_labels("ordered") / "run" / "model" / "first.label.json")
    assert ordered.classes == ("low", "mid", "high") and ordered.examples == 240


def test_a_damaged_state_is_refused_by_name(tmp_path):
    (tmp_path / "x.label.json").write_text('{"classes": ["a"]}')
    with pytest.raises(RunError, match=r"x\.label\.json cannot be read"):
        read_label_state(tmp_path / "x.label.json")
    with pytest.raises(RunError, match="does not exist"):
        read_label_state(tmp_path / "y.label.json")


@pytest.mark.parametrize(
    ("task", "metric", "least"),
    [
        ("label", "accuracy", 0.95),
        ("mean-label", "accuracy", 0.5),
        ("several", "f1", 0.9),
        ("image-label", "accuracy", 0.9),
        ("values", "r2", 0.7),
        ("two-values", "r2", 0.6),
        ("label-each", "f1", 0.9),
        ("values-each", "r2", 0.6),
        ("image-values", "r2", 0.9),
    ],
)
def test_small_tasks_are_learned(task, metric, least):
    found = json.loads((trained_labels(task) / "run" / "evaluation.json").read_text())["metrics"][metric]
    assert found["value"] > least and found["low"] <= found["value"] <= found["high"]


def test_ordered_labels_are_learned_within_a_rank():
    scores = json.loads((trained_labels("ordered") / "run" / "evaluation.json").read_text())["metrics"]
    assert scores["mae"]["value"] < 0.4 and scores["auroc"]["value"] > 0.9  # always "mid" is 0.67


EACH = {
    "label-each": ["a", "b", "c"],
    "values-each": ["a", "b"],
}  # tasks whose classes or values have queries


@pytest.mark.parametrize("task", EACH)
def test_a_query_of_its_own_is_scored_and_named_by_its_class_or_value(task):
    """What hiding changes is asked for the class of the query, and for all together where no query is meant."""
    found = inspect_input(load(trained_labels(task) / "run"), "bcab")
    (output,) = found.outputs
    scores, replay = output.scores[0], output.replay
    for number, name in enumerate(EACH[task]):
        assert replay.part_of(0, number) == number and name in replay.part_name(0, number).en
        assert replay.score(scores, number) == scores[1 + number]
    assert replay.score(scores, None) == scores[0]
    with pytest.raises(DataError):
        replay.part_of(0, len(EACH[task]))


@pytest.mark.parametrize("task", LABEL_TASKS)
def test_every_answer_can_be_looked_at(task):
    """The query of the head and its weights over all states; without attention, the reason why there is none."""
    folder = trained_labels(task)
    word = "bcab" if task not in PICTURE_OUTPUTS else folder / "images" / "test000.png"
    found = inspect_input(load(folder / "run"), word)
    (output,), document = found.outputs, found.to_json()
    queries = EACH.get(task, [])
    assert output.scores[0].shape == (1 + len(queries),) and output.scores[0].isfinite().all()
    assert json.dumps(document) and document["outputs"][0]["answers"][0]["text"]
    if task == "mean-label":
        assert document["note"]["reason"] == "mean"
        return
    (cross,) = [use for use in document["attentions"] if use["use"] == "cross"]
    labels = cross["queries"]["labels"]
    assert labels == queries if queries else len(labels) == 1
    weights = found.row(cross["id"], 0, len(labels) - 1)  # (L, H, S)
    assert weights.sum(-1).allclose(weights.new_ones(()))
    assert found.check(0).ok


def test_the_report_has_tables_of_classes_and_confusions():
    details = json.loads((trained_labels("label") / "run" / "analysis.json").read_text())["details"]
    assert [one["title"] for one in details] == ["Classes", "Labels"]
    assert [name for name, _ in details[1]["rows"]] == ["high", "low", "mid"]


def test_folders_are_labels(tmp_path):
    """`files: FOLDER, text: folder`: the name of a sub-folder is the label of the images in it."""
    experiment = shade_experiment(tmp_path, PICTURE_OUTPUTS["image-label"])
    for part in ("train", "valid", "test"):
        for line in (tmp_path / f"{part}.tsv").read_text().splitlines()[1:]:
            photo, shade, _ = line.split("\t")
            (tmp_path / part / shade).mkdir(parents=True, exist_ok=True)
            (tmp_path / photo).rename(tmp_path / part / shade / Path(photo).name)
    files = {part: {"files": tmp_path / part, "text": "folder"} for part in ("train", "valid", "test")}
    data = experiment.data.model_validate(files)
    prepared = prepare(experiment.model_copy(update={"data": data}), lambda _: None)
    assert [one.name for one in prepared.outputs["shade"].classes.classes] == ["bright", "dark"]
    (tmp_path / "test" / "dark").rename(tmp_path / "test" / "grey")
    with pytest.raises(DataError) as error:
        prepare(experiment.model_copy(update={"data": data}), lambda _: None)
    assert str(error.value).startswith(f"{tmp_path}/test/grey/")
    assert "shade is 'grey', but training knows only bright, dark" in str(error.value)


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_lists_of_labels_and_values_may_stand_in_formats_that_have_lists(tmp_path, form):
    rows = [("ab", ["a", "b"], [1, 2.5]), ("cd", ["1", "d; e"], [3, 4]), ("ef", [], [5, 6])]
    named = [dict(zip(("word", "letters", "sizes"), row, strict=True)) for row in rows]
    for part in ("train", "valid", "test"):
        if form == "jsonl":
            (tmp_path / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in named))
        else:
            columns = {name: [row[name] for row in named] for name in named[0]}
            columns["sizes"] = [[float(one) for one in row] for row in columns["sizes"]]
            pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / f"{part}.parquet")
    (tmp_path / "train.tsv").touch()
    outputs = {
        "letters": {"kind": "label", "several": True},
        "sizes": {"kind": "values", "names": ["x", "y"]},
    }
    tables = [f"data.{part}.table={part}.{form}" for part in ("train", "valid", "test")]
    experiment = word_experiment(tmp_path, outputs, *tables, "training.select=letters.f1")
    split = prepare(experiment, lambda _: None).splits["train"]
    assert [one.name for one in split.outputs["letters"].classes.classes] == ["1", "a", "b", "d; e"]
    assert [split.columns["letters"][row] for row in range(3)] == [(1, 2), (0, 3), ()]
    assert split.outputs["sizes"].head.about.state.center == pytest.approx((3.0, 12.5 / 3))


def test_signals_have_labels(tmp_path):
    """A tiny series to label: whether there is one bump, or more."""
    experiment = series_experiment(tmp_path, "patches")
    for part in ("train", "valid", "test"):
        lines = (tmp_path / f"{part}.tsv").read_text().splitlines()[1:]
        cells = [line.split("\t") for line in lines]
        rows = [(cell, "one" if " " not in text else "more") for cell, text in cells]
        write_table(tmp_path / f"{part}.tsv", rows, ("signal", "bumps"))
    file = tmp_path / "x.yaml"
    options = yaml.safe_load(file.read_text())
    options["outputs"] = {"bumps": {"kind": "label"}}
    options["training"] |= {"steps": 60, "evaluate_every": 60}
    options["decoding"] = {}
    file.write_text(yaml.safe_dump(options))
    assert experiment.inputs.keys() == {"signal"}
    train(read_experiment(file), tmp_path / "run")
    scores = json.loads((tmp_path / "run" / "evaluation.json").read_text())["metrics"]
    assert scores["balanced_accuracy"]["value"] > 0.7
