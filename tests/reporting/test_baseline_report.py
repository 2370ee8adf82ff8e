"""Baselines in reports: beside the model, with a sentence where one is as good, and absent where a run has none."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from jumok.reporting.baselines import baseline_rows, baseline_sentences, baselines_of_output
from jumok.reporting.run import write_report
from several_outputs import trained


def scored(verdict: str, p: float = 0.3, output: str = "target", **others: Any) -> dict[str, Any]:
    prefix = "" if output == "target" else f"{output}."
    score = {"value": 0.25, "low": 0.2, "high": 0.3}
    return {
        "output": output,
        "metric": f"{prefix}exact_match",
        "verdict": verdict,
        "metrics": {f"{prefix}token_accuracy": score, f"{prefix}exact_match": score},
        "differences": {f"{prefix}exact_match": {"difference": 0.1, "low": -0.1, "high": 0.3, "p": p}},
        "fitted_on": 300,
        "of": 300,
        **others,
    }


def test_one_sentence_says_what_the_model_is_not_better_than():
    baselines = {
        "copy": scored("not shown to be better"),
        "mean": scored("not shown to be better", 1.0),
        "majority": scored("better", 0.001),
        "ridge": scored("worse", 0.0001),
        "slow": {
            "output": "target",
            "left_out": "it would take more than the 30 s that all baselines may take",
        },
    }
    assert baseline_sentences(baselines) == [
        "by exact match the model is not shown to be better than the baselines “copy” (p = 0.300), “mean” (p = 1.000)",
        "by exact match the model is worse than the baseline “ridge” (p < 0.001)",
        "the baseline “slow” was left out: it would take more than the 30 s that all baselines may take",
    ]
    assert baseline_sentences({"majority": scored("better", 0.001)}) == []


def test_a_row_for_each_metric_the_one_that_chooses_first():
    first, other = baseline_rows(
        {"copy": scored("worse", fitted_on=20_000, of=60_000, remark="without clip")}
    )
    assert (first.metric, first.is_selecting, first.p, first.value) == (
        "exact_match",
        True,
        "0.300",
        "25.00 %",
    )
    assert (other.metric, other.is_selecting, other.p) == ("token_accuracy", False, "–")
    assert first.fitted_on == "20,000 of 60,000 examples, without clip"


def test_a_difference_that_is_undefined_is_said():
    one = scored("not shown to be better") | {"differences": {}}
    assert baseline_sentences({"copy": one}) == [
        "by exact match the model is not shown to be better than the baseline “copy”"
    ]


def test_of_several_outputs_each_has_its_own():
    both = {
        "target.copy": scored("worse", output="target"),
        "twice.copy": scored("better", output="twice"),
    }
    (one,) = baselines_of_output(both, "twice").items()
    assert one[0] == "copy" and one[1]["metric"] == "exact_match"
    assert list(one[1]["differences"]) == ["exact_match"]


@pytest.fixture
def run(reversal, tmp_path) -> Path:
    return Path(shutil.copytree(reversal / "run", tmp_path / "run"))


def change(run: Path, **values: Any) -> None:
    """Other values in evaluation.json; None leaves one out."""
    file = run / "evaluation.json"
    stored = json.loads(file.read_text()) | values
    file.write_text(json.dumps({name: value for name, value in stored.items() if value is not None}))


def test_the_report_has_them_in_its_table(run):
    page = write_report(run).read_text(encoding="utf-8")
    assert "Beside simple answers" in page and "copy of source" in page and "2,000 examples" in page
    assert "not shown to be better" not in page


def test_the_report_says_where_one_is_as_good(run):
    change(run, baselines={"<b>copy</b>": scored("not shown to be better")})
    page = write_report(run).read_text(encoding="utf-8")
    assert "By exact match the model is not shown to be better than the baseline “&lt;b&gt;copy" in page


def test_a_run_without_baselines_has_its_report(run):
    change(run, baselines=None)
    assert "Beside simple answers" not in write_report(run).read_text(encoding="utf-8")


def test_damaged_baselines_are_a_damaged_evaluation(run, refused):
    change(run, baselines={"copy": {"left_out": 3}})
    assert "jumok evaluate" in refused("report", run)


@pytest.mark.parametrize("task", ["texts", "images"])
def test_of_several_outputs_the_report_has_a_table_each(task):
    run = trained(task) / "run"
    stored = json.loads((run / "evaluation.json").read_text())["baselines"]
    page = (run / "report.html").read_text(encoding="utf-8")
    outputs = {one["output"] for one in stored.values()}
    assert page.count("Beside simple answers") == len(outputs) >= 2
    assert all(name.startswith(f"{one['output']}.") for name, one in stored.items())
    assert all(name.startswith(f"{one['output']}.") for one in stored.values() for name in one["metrics"])
