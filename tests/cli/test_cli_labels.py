"""Labels and values by command line: a line for each input, probabilities and intervals in JSON, drawings, a report."""

import json

import pytest

from small_experiments import write_table
from small_labels import WORD_OUTPUTS, trained_labels, word_experiment


@pytest.mark.parametrize(("task", "answer"), [("label", "mid\nlow\n"), ("several", "a, b\na, c\n")])
def test_a_line_of_labels_for_each_input(jumok, task, answer):
    assert jumok("predict", trained_labels(task) / "run", given=b"baab\naccc\n").output == answer


def test_json_has_the_probability_of_each_class(jumok):
    (found,) = json.loads(jumok("predict", trained_labels("label") / "run", "--json", given=b"baab\n").output)
    assert (found["input"], found["text"], found["labels"]) == ("baab", "mid", ["mid"])
    assert found["probabilities"].keys() == {"low", "mid", "high"}
    assert sum(found["probabilities"].values()) == pytest.approx(1.0)


def test_json_has_the_interval_of_each_value(jumok):
    found = jumok("predict", trained_labels("two-values") / "run", "--json", given=b"baab\n").output
    values = json.loads(found)[0]["values"]
    assert [one["name"] for one in values] == ["a", "b"]
    assert all(one["low"] < one["value"] < one["high"] for one in values)


def test_images_are_drawn_with_their_labels(jumok, tmp_path):
    folder = trained_labels("image-label")
    image = folder / "images" / "test000.png"
    assert jumok("predict", folder / "run", image, "--output", tmp_path / "out").status == 0
    (record,) = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert record["image_id"] == "test000" and record["labels"][0] in ("dark", "bright")
    assert (tmp_path / "out" / "test000.jpg").stat().st_size > 0


def test_a_run_is_evaluated_again_alike(jumok):
    run = trained_labels("label") / "run"
    again = json.loads(jumok("evaluate", run, "--json").output)
    assert again["metrics"] == json.loads((run / "evaluation.json").read_text())["metrics"]


def test_the_report_names_scores_and_confusions():
    page = (trained_labels("label") / "run" / "report.html").read_text(encoding="utf-8")
    for words in ("balanced accuracy", "AUROC", "expected calibration error", "the true examples of a class"):
        assert words in page


def test_check_says_that_classes_are_uneven(jumok, tmp_path):
    rows = [(f"a{n}", "rare" if n < 2 else "usual") for n in range(40)]
    for part in ("train", "valid", "test"):
        write_table(tmp_path / f"{part}.tsv", rows, ("word", "first"))
    word_experiment(tmp_path, WORD_OUTPUTS["label"])
    ended = jumok("check", tmp_path / "x.yaml")
    assert "first is uneven: 38 examples of 'usual' (95%), 2 of 'rare'" in ended.talk
    assert "no faults" in ended.output + ended.talk
