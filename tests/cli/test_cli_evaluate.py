"""`jumok evaluate`: the document that others build on, and what a person reads."""

import json
import shutil
from pathlib import Path

import pytest

from jumok.evaluation import answers, baselines
from jumok.experiment import read_experiment
from jumok.training import train

SCORES = {"bleu": 100, "bleu_lowercase": 100, "chrf": 100, "exact_match": 1, "token_accuracy": 1}
RATES = {"token_error_rate", "word_error_rate"}


@pytest.fixture
def run(reversal, tmp_path) -> Path:
    """A copy that may be written to."""
    return Path(shutil.copytree(reversal / "run", tmp_path / "run"))


def test_the_document(jumok, run):
    ended = jumok("evaluate", run, "--json")
    assert ended.status == 0
    document = json.loads(ended.output)
    assert list(document) == ["split", "examples", "metrics", "signature", "baselines"]
    assert document["split"] == "test" and isinstance(document["examples"], int)
    assert document["metrics"].keys() == SCORES.keys() | RATES
    for name, interval in document["metrics"].items():
        assert list(interval) == ["value", "low", "high"]
        assert 0 <= interval["low"] <= interval["value"] <= interval["high"]
        assert interval["high"] <= SCORES.get(name, 10)
    assert document["signature"].keys() == {"bleu", "bleu_lowercase", "chrf"}
    assert (
        "case:mixed" in document["signature"]["bleu"] and "case:lc" in document["signature"]["bleu_lowercase"]
    )


def test_the_document_is_that_of_the_run(jumok, run):
    written = json.loads((run / "evaluation.json").read_text())
    assert json.loads(jumok("evaluate", run, "--json").output) == written
    (run / "evaluation.json").unlink()
    jumok("evaluate", run)
    assert json.loads((run / "evaluation.json").read_text()) == written


def test_other_options_leave_the_document_of_the_run(jumok, run):
    before = (run / "evaluation.json").read_bytes()
    for options in (["--split", "valid"], ["--beam", 1], ["--method", "greedy"]):
        assert jumok("evaluate", run, *options).status == 0
    assert (run / "evaluation.json").read_bytes() == before


def test_other_splits(jumok, run):
    for split in ("train", "valid"):
        document = json.loads(jumok("evaluate", run, "--split", split, "--method", "greedy", "--json").output)
        assert document["split"] == split and document["metrics"]["exact_match"]["value"] > 0.9


def test_distinct_inputs_are_counted(jumok, run, reversal):
    inputs = [line.split("\t")[0] for line in (reversal / "test.tsv").read_text().splitlines()[1:]]
    assert json.loads(jumok("evaluate", run, "--json").output)["examples"] == len(set(inputs)) < len(inputs)


def test_a_person_reads_a_table_on_stderr(jumok, run):
    ended = jumok("evaluate", run)
    assert ended.status == 0 and ended.output == ""
    assert "exact_match" in ended.talk and "95 % interval" in ended.talk and "bleu" not in ended.talk


def test_baselines_stand_below_the_scores(jumok, run, small_run, monkeypatch):
    talk = jumok("evaluate", run).talk
    assert talk.index("95 % interval") < talk.index("most frequent answer") < talk.index("copy of source")
    assert "not shown to be better" not in talk
    for module in (answers, baselines):  # the difference is small
        monkeypatch.setattr(module, "RESAMPLES", 1000)
    talk = " ".join(jumok("evaluate", small_run).talk.split())
    assert "note: by exact match the model is worse than the baselines “copy of source” (p = 0." in talk


def test_without_baselines_the_record_stays(jumok, run):
    before = (run / "evaluation.json").read_bytes()
    ended = jumok("evaluate", run, "--no-baselines", "--json")
    assert "baselines" not in json.loads(ended.output) and "baseline" not in ended.talk
    assert (run / "evaluation.json").read_bytes() == before


def test_a_run_without_baselines_is_evaluated_without(jumok, reversal, tmp_path):
    (file,) = reversal.glob("x.yaml")
    train(read_experiment(file, ["training.steps=1", "training.baselines=false"]), tmp_path / "bare")
    ended = jumok("evaluate", tmp_path / "bare", "--json")
    assert "baselines" not in json.loads(ended.output)
    assert jumok("evaluate", tmp_path / "bare", "--baselines").status == 0
    document = json.loads((tmp_path / "bare" / "evaluation.json").read_text())
    assert len(document["baselines"]) == 3
    assert "Beside simple answers" in (tmp_path / "bare" / "report.html").read_text()


def test_against_itself_there_is_no_difference(jumok, run):
    document = json.loads(jumok("evaluate", run, "--against", run, "--json").output)
    assert document["against"]["run"] == str(run)
    for difference in document["against"]["differences"].values():
        assert (
            difference["difference"] == difference["low"] == difference["high"] == 0 and difference["p"] == 1
        )
    assert "no significant difference" in jumok("evaluate", run, "--against", run).talk


def test_against_a_worse_model(jumok, run, small_run):
    document = json.loads(jumok("evaluate", run, "--against", small_run, "--json").output)
    exact = document["against"]["differences"]["exact_match"]
    assert exact["difference"] > 0.5 and exact["low"] > 0 and exact["p"] < 0.05
    errors = document["against"]["differences"]["token_error_rate"]
    assert errors["difference"] < 0 and errors["p"] < 0.05
    talk = jumok("evaluate", run, "--against", small_run, "--no-baselines").talk
    assert " better " in talk and " worse " not in talk
    talk = jumok("evaluate", small_run, "--against", run, "--no-baselines").talk
    assert " worse " in talk and " better " not in talk


def test_a_model_folder_alone(jumok, refused, run, tmp_path):
    shutil.move(run / "model", tmp_path / "alone")
    written = json.loads((run / "evaluation.json").read_text())
    assert json.loads(jumok("evaluate", tmp_path / "alone", "--json").output) == written
    assert not (tmp_path / "alone" / "evaluation.json").exists()
    assert "this run has no model yet" in refused("evaluate", run)


def test_against_a_model_of_other_names(refused, run, reversal, tmp_path):
    names = ["inputs={target: {}}", "outputs={source: {}}", "training.steps=1"]
    train(read_experiment(reversal / "x.yaml", names), tmp_path / "other")
    assert "it does target → source; both must have the same names" in refused(
        "evaluate", run, "--against", tmp_path / "other"
    )


def test_refusals(refused, run, tmp_path):
    expected = "this experiment has no 'vaild' data; did you mean 'valid'?"
    assert refused("evaluate", run, "--split", "vaild") == expected
    assert "there is no such run" in refused("evaluate", tmp_path / "no")
    assert "there is no such run" in refused("evaluate", run, "--against", tmp_path / "no")
    (run / "model" / "config.yaml").unlink()
    assert "model/config.yaml cannot be read" in refused("evaluate", run)


def test_damaged_weights(refused, run):
    weights = run / "model" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-5])
    assert "model.safetensors is damaged" in refused("evaluate", run)


def test_weights_of_another_model(refused, run, small_run):
    shutil.copy(small_run / "model" / "model.safetensors", run / "model")
    assert "the weights are of another model" in refused("evaluate", run)
