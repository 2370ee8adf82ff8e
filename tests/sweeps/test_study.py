"""The search by itself: the same history gives the same next trial, and nothing that was told is lost."""

import math

import pytest

from jumok.experiment.space import parse_space
from jumok.sweeps.study import Study

SPACE = parse_space({"rate": [1e-4, 1e-2, "log"], "width": [16, 32, 64], "layers": [1, 4, "linear"]})


def score(values):
    """Best at a rate of 0.001 and the largest width; layers are nothing to it."""
    return -((math.log10(values["rate"]) + 3) ** 2) + values["width"] / 64


def searched(study, trials):
    for _ in range(trials):
        trial = study.begin()
        study.finish(trial.number, score(trial.values))
    return study


def test_a_search_that_is_opened_anew_goes_on_as_if_it_never_ended(tmp_path):
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = searched(Study(tmp_path / "whole", SPACE, True), 14).trials()
    for count in (1, 5, 8):
        searched(Study(tmp_path / "parts", SPACE, True), count)
    assert Study(tmp_path / "parts", SPACE, True).trials() == whole
    assert [trial.number for trial in whole] == list(range(14))
    assert len({tuple(trial.values.items()) for trial in whole}) == 14


def test_another_seed_is_another_search(tmp_path):
    for seed in (1, 2):
        (tmp_path / str(seed)).mkdir()
    one, two = (searched(Study(tmp_path / str(seed), SPACE, True, seed), 2).trials() for seed in (1, 2))
    assert one != two


def test_it_finds_what_is_good(tmp_path):
    study = searched(Study(tmp_path, SPACE, True), 30)
    best = study.ranked()[0]
    assert best.values["width"] == 64 and 3e-4 < best.values["rate"] < 3e-3
    assert best.score == max(trial.score for trial in study.trials())
    importance = study.importance()
    assert sum(importance.values()) == pytest.approx(1.0)
    assert importance["rate"] > importance["layers"]


def test_lower_is_better_where_it_is(tmp_path):
    study = Study(tmp_path, SPACE, False)
    for value in (3.0, 1.0, 2.0):
        study.finish(study.begin().number, value)
    assert [trial.score for trial in study.ranked()] == [1.0, 2.0, 3.0]


def test_no_combination_is_tried_twice_and_the_end_of_a_small_space_is_seen(tmp_path):
    study = Study(tmp_path, parse_space({"a": [1, 2, 3], "b": [{"kind": "gru"}, None]}), True)
    seen = []
    while trial := study.begin():
        seen.append(trial.values)
        study.finish(trial.number, 0.0)
    assert len(seen) == 6 and all(seen.count(values) == 1 for values in seen)


def test_hopeless_trials_are_told_and_failures_keep_their_reason(tmp_path):
    study = Study(tmp_path, SPACE, True)
    for _ in range(5):
        good = study.begin()
        assert not any(study.report(good.number, percent, percent / 100) for percent in (25, 50, 75))
        study.finish(good.number, 1.0)
    bad, broken = study.begin(), study.begin()
    assert study.report(bad.number, 25, 0.1)
    assert study.report(bad.number, 25, 0.9)  # what was told first counts
    study.prune(bad.number, "worse than most")
    study.fail(broken.number, "too little memory")
    again = Study(tmp_path, SPACE, True)
    assert (again.trials()[5].state, again.trials()[5].score) == ("pruned", 0.1)
    assert (again.trials()[6].state, again.trials()[6].why) == ("failed", "too little memory")
    assert bad.number not in {trial.number for trial in again.ranked()}
    assert again.importance().keys() <= {one.key for one in SPACE}
