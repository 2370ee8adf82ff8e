"""Values: cells and their faults, scales of training, and intervals that hold what they should."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from jumok.dataset.prepare import prepare
from jumok.errors import DataError, RunError
from jumok.kinds.values.cells import BadNumber, cell_values
from jumok.kinds.values.codec import AboutValues
from jumok.kinds.values.evidence import calibrated_values
from jumok.kinds.values.options import ValuesOutput
from jumok.kinds.values.state import ValuesState, conformal_quantile, read_values_state, training_state
from small_experiments import write_table
from small_labels import trained_labels, word_experiment

UNCERTAINTIES = ("quantiles", "variance", "none")


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("3,5", "holds '3,5', a number with a comma; write 3.5"),
        ("nan", "holds 'nan', which is not finite"),
        ("-inf", "holds '-inf', which is not finite"),
        ("1e999", "holds '1e999', which is not finite"),
        ("five", "holds 'five', which is no number"),
        ("1_000", "holds '1_000', which is no number"),
    ],
)
def test_a_cell_that_is_no_number_is_named_with_file_and_line(tmp_path, cell, problem):
    for part in ("train", "valid", "test"):
        rows = [("ab", "1.5"), ("ba", "2"), ("ca", cell if part == "train" else "3")]
        write_table(tmp_path / f"{part}.tsv", rows, ("word", "count"))
    with pytest.raises(DataError) as error:
        prepare(word_experiment(tmp_path, {"count": {"kind": "values"}}), lambda _: None)
    assert str(error.value).startswith(f"{tmp_path}/train.tsv:4: count {problem}")


def test_rows_of_bad_numbers_can_be_skipped_and_teach_nothing(tmp_path):
    for part in ("train", "valid", "test"):
        write_table(tmp_path / f"{part}.tsv", [("ab", "1"), ("ba", "x"), ("ca", "3")], ("word", "count"))
    experiment = word_experiment(tmp_path, {"count": {"kind": "values"}}, "data.on_bad_rows=skip")
    prepared = prepare(experiment, lambda _: None)
    assert len(prepared.splits["train"]) == 2
    assert prepared.outputs["count"].head.about.state.center == (2.0,)


def test_several_values_are_a_list_or_an_object():
    names = ("x", "y")
    assert cell_values("[1, 2.5]", names, is_list=True) == [1.0, 2.5]
    assert cell_values('{"y": 2, "x": "1e3"}', names, is_list=True) == [1000.0, 2.0]
    for cell, problem in (
        ("[1]", "not 2 numbers"),
        ("3", "not 2 numbers"),
        ("[1, 2", "no JSON"),
        ('{"x": 1}', "has no 'y'"),
        ('{"x": 1, "y": 2, "z": 3}', "has 'z'"),
        ("[1, NaN]", "not finite"),
        ("[1, null]", "no number"),
        ("[1, true]", "no number"),
    ):
        with pytest.raises(BadNumber, match=problem):
            cell_values(cell, names, is_list=True)


def test_values_that_never_vary_are_a_remark(tmp_path):
    for part in ("train", "valid", "test"):
        write_table(tmp_path / f"{part}.tsv", [("ab", "3"), ("ba", "3.0")], ("word", "count"))
    split = prepare(word_experiment(tmp_path, {"count": {"kind": "values"}}), lambda _: None).splits["train"]
    check = split.outputs["count"].check
    assert check is not None
    (remark,) = check.remarks(split.texts, split.rows)
    assert remark.problem == "has the same count, 3, in all 2 examples"
    assert training_state(np.array([[3.0], [3.0]])).scale == (1.0,)


def test_the_conformal_quantile_is_the_rank_of_one_more_example():
    scores = np.arange(1.0, 20.0)  # 19 of them
    assert conformal_quantile(scores, 0.9) == 18.0
    assert conformal_quantile(scores[:8], 0.9) == np.inf  # eight examples cannot tell


def about(uncertainty: str) -> AboutValues:
    options = ValuesOutput(kind="values", names=("x", "y"), uncertainty=uncertainty, interval=0.8)
    return AboutValues("point", options, ValuesState((5.0, -300.0), (2.0, 100.0), 100))


def answers(output: AboutValues, seed: int, n: int = 4000) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Predictions whose own intervals are far too narrow, and the right values."""
    draw = torch.Generator().manual_seed(seed)
    answer = torch.randn(n, 2, output.uncertainty.outputs, generator=draw)
    answer[..., 1:] = -2.0 + 0.3 * answer[..., 1:]
    noise = torch.randn(n, 2, generator=draw).double().numpy()
    right = (answer[..., 0].numpy() + noise) * output.scale + output.center
    found = [
        np.array(
            [[one.value, *(np.nan if b is None else b for b in (one.low, one.high))] for one in row.values]
        )
        for row in output.to_predictions(answer)
    ]
    return found, list(right)


@pytest.mark.parametrize("uncertainty", UNCERTAINTIES)
def test_calibrated_intervals_hold_the_share_that_was_asked_for(uncertainty):
    before = about(uncertainty)
    after = calibrated_values(before, *answers(before, seed=0))
    assert after is not None
    found, right = (np.array(part) for part in answers(after, seed=1))
    covered = ((found[..., 1] <= right) & (right <= found[..., 2])).mean(0)
    assert covered == pytest.approx([0.8, 0.8], abs=0.03)
    again = calibrated_values(after, *answers(after, seed=0))
    assert again is not None and again.state.calibration == pytest.approx(after.state.calibration, rel=1e-3)


@pytest.mark.parametrize("uncertainty", UNCERTAINTIES)
def test_few_examples_calibrate_nothing(uncertainty):
    before = about(uncertainty)
    found, right = answers(before, seed=0, n=20)
    assert calibrated_values(before, found, right) is None
    assert np.isnan(np.array(found)[..., 1:]).all() == (uncertainty == "none")


def test_bounds_are_on_either_side_of_the_value():
    for uncertainty in ("quantiles", "variance"):
        (prediction,) = about(uncertainty).to_predictions(
            torch.randn(1, 2, 3)[..., : 3 if uncertainty == "quantiles" else 2]
        )
        assert all(one.low < one.value < one.high for one in prediction.values)


def test_a_training_calibrates_intervals_on_valid():
    for task, name in (("values", "count"), ("two-values", "counts"), ("image-values", "level")):
        folder: Path = trained_labels(task) / "run"
        assert read_values_state(folder / "model" / f"{name}.values.json").calibration is not None
        coverage = json.loads((folder / "evaluation.json").read_text())["metrics"]["coverage"]
        assert coverage["value"] > 0.6


def test_a_damaged_state_is_refused_by_name(tmp_path):
    (tmp_path / "x.values.json").write_text('{"center": 3}')
    with pytest.raises(RunError, match=r"x\.values\.json cannot be read"):
        read_values_state(tmp_path / "x.values.json")
