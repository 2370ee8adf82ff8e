"""Growing parts of the data, and what a power law of them tells."""

import json

import numpy as np
import pytest
import yaml

from jumok.data.split import nested_part
from jumok.dataset import prepare
from jumok.errors import ConfigurationError, DataError
from jumok.experiment import read_experiment
from jumok.metrics.power_law import fit_power_law
from jumok.reporting.learning_curve import CurvePoint, LearningCurve
from jumok.sweeps.learning_curve import parts_of
from small_experiments import write_experiment, write_words

SIZES = np.repeat([100, 200, 400, 800, 1600], 3)


def noisy_errors(
    seed: int, c: float = 0.05, a: float = 2.0, b: float = 0.5, noise: float = 0.01
) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(0, noise, len(SIZES))
    return np.maximum(c + a * SIZES**-b + drawn, 0)


def test_a_law_without_noise_is_found():
    law = fit_power_law(SIZES, 0.05 + 2 * SIZES**-0.5)
    assert law is not None
    expected = 0.05 + 2 * np.array([50.0, 3200, 10_000]) ** -0.5
    assert law.error(np.array([50.0, 3200, 10_000])) == pytest.approx(expected, rel=0.02)
    assert law.fall(1600, 3200)[0] == pytest.approx(2 * (1600**-0.5 - 3200**-0.5), rel=0.03)


def test_the_interval_holds_the_truth_as_often_as_it_says():
    held = []
    for seed in range(60):
        law = fit_power_law(SIZES, noisy_errors(seed))
        assert law is not None
        (low,), (high,) = law.bounds(np.array([3200.0]))
        held.append(low <= 0.05 + 2 * 3200**-0.5 <= high)
    assert 52 <= sum(held) <= 60  # of 60 by 95 %: 57; under 52 in less than 1 of 200 draws


def test_errors_that_do_not_fall_are_flat():
    law = fit_power_law(SIZES, noisy_errors(3, c=0.3, a=0.0))
    assert law is not None
    fall, low, high = law.fall(1600, 3200)
    assert 0 <= low <= fall <= high < 0.02


def test_too_few_sizes_have_no_law():
    assert fit_power_law(np.array([10, 20, 40] * 3), np.full(9, 0.1)) is None


def test_equal_errors_of_nothing_wrong():
    law = fit_power_law(SIZES, np.zeros(len(SIZES)))
    assert law is not None and law.error(np.array([3200.0]))[0] == pytest.approx(0, abs=1e-9)


def test_smaller_parts_lie_inside_of_larger_ones():
    keys = [f"key {i // 2}" for i in range(400)]  # pairs stay together
    parts = [nested_part(keys, share, seed=7) for share in (0.1, 0.25, 0.5, 0.99)]
    for smaller, larger in zip(parts, parts[1:], strict=False):
        assert not (smaller & ~larger).any() and smaller.sum() < larger.sum()
    assert [part.sum() for part in parts] == [40, 100, 200, 396]
    assert all((part[::2] == part[1::2]).all() for part in parts)
    assert (nested_part(keys, 0.5, seed=8) != parts[2]).any()
    assert nested_part(keys, 30, seed=7).sum() == 60
    with pytest.raises(DataError, match="asks for 201 examples, but there are only 200"):
        nested_part(keys, 201, seed=7)


@pytest.fixture
def experiment(tmp_path):
    write_words(tmp_path, train=200)
    return write_experiment(tmp_path)


def test_a_part_is_of_what_the_split_leaves(experiment):
    options = yaml.safe_load(experiment.read_text())
    options["data"].pop("valid")
    options["data"]["split"] = {"valid": 0.2}
    experiment.write_text(yaml.safe_dump(options))
    whole = prepare(read_experiment(experiment), lambda _: None)
    part = prepare(read_experiment(experiment, ["data.split.train=0.5"]), lambda _: None)
    assert set(part.splits["train"].rows) < set(whole.splits["train"].rows)
    assert list(part.splits["valid"].rows) == list(whole.splits["valid"].rows)
    assert list(part.splits["test"].rows) == list(whole.splits["test"].rows)
    digests = [{name: one.codec.digest for name, one in p.inputs.items()} for p in (part, whole)]
    assert digests[0] == digests[1]  # the vocabulary is that of the whole


def test_windows_have_no_random_parts(tmp_path):
    text = (
        "inputs: {past: {kind: series, channels: [a]}}\n"
        "outputs: {next: {kind: forecast, horizon: 2}}\n"
        "data: {train: {windows: a.csv, past: 4, rows: [0, 50]}, valid: {windows: a.csv, past: 4, rows: [50, null]},\n"
        "       split: {train: 0.5}}\n"
    )
    file = tmp_path / "x.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match="windows overlap"):
        read_experiment(file)


def curve(scores: list[list[float]], sizes=(100, 200, 400, 800, 1600), **changes) -> LearningCurve:
    points = [
        CurvePoint(size / sizes[-1], seed, size, score, f"runs/{size}-{seed}")
        for size, group in zip(sizes, scores, strict=True)
        for seed, score in enumerate(group)
    ]
    facts = {
        "title": "t",
        "metric": "accuracy",
        "higher_is_better": True,
        "limits": (0.0, 1.0),
        "split": "test",
        "scored": 100,
        "points": points,
    }
    return LearningCurve(**{**facts, **changes})


def test_the_sentence_tells_a_gain_and_its_test():
    scores = [
        [1 - 2 * size**-0.5 + jitter for jitter in (-0.004, 0.0, 0.004)]
        for size in (100, 200, 400, 800, 1600)
    ]
    said = curve(scores)
    doubled, tested = said.verdicts
    assert doubled.startswith("With 3,200 examples instead of 1,600, accuracy would go from 9")
    assert "points better" in doubled and "Tested: the law of the parts up to 800" in tested
    assert "do not rely" not in tested
    gain = said.to_json()["doubled"]["gain"]
    assert gain["low"] < 2 * (1600**-0.5 - 3200**-0.5) < gain["high"]


def test_a_flat_curve_says_that_data_is_not_missing():
    said = curve([[0.79, 0.80, 0.81]] * 5)
    assert "more of the same data is not what is missing" in said.doubled


def test_a_bent_curve_says_not_to_rely_on_it():
    said = curve([[0.50, 0.502], [0.6, 0.602], [0.68, 0.682], [0.74, 0.742], [0.50, 0.502]])
    assert said.tested.endswith("do not rely on it here.")


def test_lower_is_better_and_no_best_value():
    errors = [[2 * size**-0.5 + jitter for jitter in (-0.001, 0.001)] for size in (100, 200, 400, 800, 1600)]
    lower = curve(errors, metric="mae", higher_is_better=False, limits=(0.0, np.inf))
    score, low, high = lower.predicted(lower.law, 3200)
    assert low <= 2 * 3200**-0.5 <= high and score < lower.score_at(1600)
    endless = curve(errors, limits=(0.0, np.inf))
    assert endless.law is None and "no best value" in endless.doubled


@pytest.mark.parametrize("shares", [(0.5,), (0.0, 1.0), (0.5, 1.5), (0.5, 0.5)])
def test_shares_that_are_none(shares):
    with pytest.raises(ConfigurationError, match="--shares"):
        parts_of(shares, 2)


def test_the_command_traces_goes_on_and_writes_a_page(jumok, experiment, tmp_path):
    words = ["compare", experiment, "--learning-curve", "--shares", "0.2,0.4,0.7,1", "--seeds", "2"]
    words += [
        "--run",
        tmp_path / "c",
        "-q",
        "--set",
        "training.steps=4",
        "--set",
        "training.evaluate_every=4",
    ]
    ended = jumok(*words, "--json")
    assert ended.status == 0, ended.talk
    said = json.loads(ended.output)
    sizes = {seed: [one["examples"] for one in said["points"] if one["seed"] == seed] for seed in (1, 2)}
    assert all(len(of_seed) == 4 and of_seed == sorted(of_seed) for of_seed in sizes.values())
    assert len(said["points"]) == 8 and said["verdicts"]
    weights = {one: one.stat().st_mtime_ns for one in (tmp_path / "c").glob("*/evaluation.json")}
    again = jumok(*words, "--json")
    assert json.loads(again.output) == said
    assert weights == {one: one.stat().st_mtime_ns for one in (tmp_path / "c").glob("*/evaluation.json")}
    page = (tmp_path / "c" / "learning_curve.html").read_text()
    assert "what would more data bring?" in page and "share-0.2-seed-1/report.html" in page


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--learning-curve", "--vary", "model.width=8,16"], "varies the data alone"),
        (["--vary", "model.width=8,16", "--seeds", "2"], "belong to --learning-curve"),
        (["--learning-curve", "--shares", "a,b"], "are numbers"),
        (["--learning-curve", "--set", "data.split.train=0.5"], "a learning curve sets it itself"),
    ],
)
def test_refused(jumok, experiment, words, sentence):
    ended = jumok("compare", experiment, *words)
    assert ended.status == 2 and sentence in ended.talk
