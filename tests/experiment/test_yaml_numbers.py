"""Numbers of YAML as people write them, in files and in --set."""

import pytest

from jumok.errors import ConfigurationError
from jumok.experiment.file import set_value
from jumok.experiment.loader import dump_yaml, parse_yaml

NUMBERS = {
    "0010": 10,
    "08": 8,
    "-007": -7,
    "+3": 3,
    "0o10": 8,
    "0x1F": 31,
    "1e-3": 1e-3,
    "1E3": 1000.0,
    ".5": 0.5,
    "5.": 5.0,
    "0.001": 0.001,
    "010.5": 10.5,
    "-.inf": float("-inf"),
}
TEXTS = [
    "1:30",
    "1:30.5",
    "190:20:30",
    "1_000",
    "1_0.5",
    "1,5",
    "0b101",
    "2020-01-01",
    "no",
    "on",
    "y",
    "1e",
    "0x",
]
TEXTS += ["0o9", "1.2.3", "--1", "=", "NULLs", "nan", "²", "١٢"]


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_numbers(text, value):
    found, _ = parse_yaml(f"a: {text}", "x.yaml")
    assert found == {"a": value} and type(found["a"]) is type(value)
    given = {}
    set_value(given, f"a={text}")
    assert given == {"a": value}


@pytest.mark.parametrize("text", TEXTS)
def test_texts(text):
    found, _ = parse_yaml(f"a: {text}", "x.yaml")
    assert found == {"a": text}
    given = {}
    set_value(given, f"a={text}")
    assert given == {"a": text}


@pytest.mark.parametrize(
    "text", ["!!int word", "!!int ''", "!!float x", "!!bool maybe", "!!timestamp x", "!!int [1]"]
)
def test_tags_that_do_not_fit(text):
    with pytest.raises(ConfigurationError, match="x.yaml:2"):
        parse_yaml(f"b: 1\na: {text}", "x.yaml")


@pytest.mark.parametrize(
    "text", [*NUMBERS, *TEXTS, "true", "yes", "null", "~", "", " a", "<<", "a: b", "#", "\u2028"]
)
def test_texts_are_written_so_that_they_are_read_as_texts(text):
    value = {"a": text, "b": [text], text: 1, "c": NUMBERS.get(text)}
    assert parse_yaml(dump_yaml(value), "x.yaml")[0] == value


def test_very_long_numbers():
    found, _ = parse_yaml(f"a: {'9' * 10_000}", "x.yaml")  # Python makes no number of so many digits
    assert found == {"a": "9" * 10_000} or isinstance(found["a"], float)


def test_a_key_stands_once():
    for text in ("a: 1\nb: 2\na: 3", "a: {b: 1, b: 2}", "1: x\n01: y"):
        with pytest.raises(ConfigurationError, match="occurs twice here"):
            parse_yaml(text, "x.yaml")
    with pytest.raises(ConfigurationError, match="occurs twice here"):
        set_value({}, "a={b: 1, b: 2}")
