"""A good file becomes options, with what --set changes."""

from pathlib import Path

import pytest
from good_experiment import change, refusal

from jumok.experiment import Experiment, read_experiment
from jumok.experiment.file import PATH_KEYS
from jumok.experiment.sources import SourceOptions


def test_inputs_outputs_and_data_are_enough(file):
    file.write_text(
        "inputs: {a: {}}\noutputs: {b: {}}\n"
        "data: {train: {lines: {a: train.a, b: train.b}}, split: {valid: 0.05}}\n"
    )
    experiment = read_experiment(file)
    assert experiment.names == ("a", "b")
    assert experiment.inputs["a"].encoder.kind == experiment.outputs["b"].decoder.kind == "transformer"
    assert experiment.data.splits() == ["train", "valid"]
    assert experiment.training.steps is None and experiment.training.warmup_of(5000) == 500


def test_values_come_from_the_file(file):
    experiment = read_experiment(file)
    assert (experiment.model.width, experiment.model.heads, experiment.model.inner) == (64, 2, 256)
    assert experiment.outputs["english"].decoder.attention == "additive"  # not given: the default


def test_relative_paths_start_at_the_file(file, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    data = read_experiment(tmp_path / "x.yaml").data
    assert data.train.table == tmp_path / "train.tsv"
    assert data.valid is not None and data.valid.table == tmp_path / "more" / "valid.tsv"


def test_paths_of_lines_and_absolute_paths(file, tmp_path):
    lines = "{lines: {german: /data/a.gz, english: ../b}}"
    data = read_experiment(change(file, "{table: train.tsv}", lines)).data
    assert data.train.lines == {"german": Path("/data/a.gz"), "english": tmp_path.parent / "b"}


def test_what_was_read_can_be_written_and_read_again(file):
    experiment = read_experiment(file, ["training.clip=null", "training.patience=null"])
    again = Experiment.model_validate(experiment.model_dump(mode="json"))
    assert again == experiment and again.training.clip is None


@pytest.mark.parametrize(
    ("override", "value"),
    [
        ("training.learning_rate=1e-3", 0.001),
        ("training.learning_rate=1.5E+1", 15.0),
        ("training.learning_rate=.5", 0.5),
        ("training.learning_rate=2", 2.0),
    ],
)
def test_numbers_are_written_as_people_write_them(file, override, value):
    rate = read_experiment(file, [override]).training.learning_rate
    assert rate == value and isinstance(rate, float)


def test_no_is_a_language(file):
    experiment = read_experiment(change(file, "german", "no"))
    assert list(experiment.inputs) == ["no"]


def test_booleans_are_true_and_false(file):
    assert read_experiment(file, ["model.tie=false"]).model.tie is False
    assert read_experiment(file, ["model.tie=True"]).model.tie is True


def test_aliases_and_merged_options(file):
    change(file, "train: {table: train.tsv}", "train: &all {table: train.tsv, columns: {german: de}}")
    data = read_experiment(change(file, "{table: more/valid.tsv}", "{<<: *all, table: v.tsv}")).data
    assert data.valid is not None
    assert data.valid.columns == data.train.columns == {"german": "de"}
    assert data.valid.table != data.train.table


def test_an_override_of_an_alias_leaves_the_original(file):
    change(file, "train: {table: train.tsv}", "train: &all {table: train.tsv}")
    change(file, "{table: more/valid.tsv}", "*all")
    data = read_experiment(file, ["data.valid.table=other.tsv"]).data
    assert data.valid is not None
    assert (data.train.table.name, data.valid.table.name) == ("train.tsv", "other.tsv")


# --- overrides


def test_overrides_change_nested_and_new_values(file):
    overrides = ["model.width=32", "training.steps = 7", "training.betas=[0.8, 0.9]", "decoding={beam: 3}"]
    experiment = read_experiment(file, [*overrides, "outputs.english.decoder.kind=lstm"])
    assert experiment.model.width == 32 and experiment.model.heads == 2
    assert experiment.training.steps == 7 and experiment.training.betas == (0.8, 0.9)
    assert experiment.decoding.beam == 3 and experiment.outputs["english"].decoder.kind == "lstm"


def test_the_last_override_counts(file):
    assert read_experiment(file, ["model.width=32", "model.width=16"]).model.width == 16


def test_an_overridden_path_starts_at_the_file_too(file, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    experiment = read_experiment(tmp_path / "x.yaml", ["data.train.table=b.tsv"])
    assert experiment.data.train.table == tmp_path / "b.tsv"


@pytest.mark.parametrize("override", ["a", "=3", "", ".a=1", "a..b=1", "a.=1"])
def test_ill_formed_overrides(file, override):
    assert refusal(file, override) == f"--set {override!r}: expected KEY=VALUE, like training.steps=200"


@pytest.mark.parametrize(
    ("override", "what"),
    [
        ("training.stepz=3", "training has no option 'stepz'; did you mean 'steps'?"),
        ("model.width=abc", "model.width: expected a whole number, got 'abc'"),
        ("model.width.x=1", "'width' is a value, it has no 'x' inside"),
        ("model.width=[", "value:1: not YAML: expected the node content, but found '<stream end>'"),
        ("model=3", "model: expected options like {key: value}, got 3"),
        (
            "inputs.german.encoder.layers=2",
            "inputs.german.encoder: say which kind it is, like kind: transformer",
        ),
    ],
)
def test_an_error_in_an_override_names_the_override(file, override, what):
    assert refusal(file, override) == f"--set {override!r}: {what}"


def test_an_error_in_the_file_is_not_put_down_to_an_override(file):
    change(file, "heads: 2", "heads: two")
    assert refusal(file, "model.width=32").startswith("x.yaml:13: model.heads: ")


def test_every_path_of_a_source_starts_at_the_file():
    paths = {name for name, field in SourceOptions.model_fields.items() if field.annotation == Path | None}
    assert {"table", "coco", "labelme", "cvat", "boxes"} <= paths == set(PATH_KEYS)
