"""Folds of train: each row is in one, and the model that left it out has not seen it."""

import numpy as np
import pytest

from jumok.dataset import prepare
from jumok.dataset.folds import fold_numbers
from jumok.errors import ConfigurationError
from jumok.experiment import read_experiment
from jumok.training.folds import examples_of_fold, without_fold
from small_forecasts import trained_forecast


def prepared(experiment):
    return prepare(experiment, lambda _: None)


def test_folds_part_train_and_leave_the_rest_alone(reversal):
    experiment = read_experiment(reversal / "x.yaml")
    whole = prepared(experiment)
    train = whole.splits["train"]
    seen = [prepared(without_fold(experiment, number, 3)) for number in range(3)]
    held_out = [set(train.rows[examples_of_fold(train, number, 3)].tolist()) for number in range(3)]
    assert set.union(*held_out) == set(train.rows.tolist())
    assert sum(map(len, held_out)) == len(train) and min(map(len, held_out)) > len(train) / 4
    for one, rows in zip(seen, held_out, strict=True):
        assert set(one.splits["train"].rows.tolist()) == set(train.rows.tolist()) - rows
        assert np.array_equal(one.splits["valid"].rows, whole.splits["valid"].rows)
        assert {name: field.codec.digest for name, field in one.fields.all.items()} == {
            name: field.codec.digest for name, field in whole.fields.all.items()
        }


def test_equal_inputs_are_in_one_fold(reversal):
    train = prepared(read_experiment(reversal / "x.yaml")).splits["train"]
    numbers = fold_numbers(train.texts, list(train.inputs), 4)
    words = list(train.texts.texts(next(iter(train.inputs))))
    assert all(len({numbers[i] for i, word in enumerate(words) if word == one}) == 1 for one in words[:20])
    assert set(numbers.tolist()) == {0, 1, 2, 3}


def test_folds_that_do_not_exist_are_refused(reversal):
    with pytest.raises(ConfigurationError, match="numbered from 0 to 2; got 3"):
        read_experiment(reversal / "x.yaml", ["data.fold={number: 3, of: 3}"])
    with pytest.raises(ConfigurationError, match="windows overlap"):
        read_experiment(trained_forecast() / "run" / "config.yaml", ["data.fold={number: 0, of: 3}"])
