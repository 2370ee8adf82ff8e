"""The reference of all options: complete in both languages, as committed, and of what the reader takes."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from jumok.demos import bottleneck, digits
from jumok.errors import ConfigurationError
from jumok.experiment import Experiment
from jumok.experiment.file import read_experiment, set_value
from jumok.experiment.loader import parse_yaml
from jumok.experiment.reference import find_sections, json_schema, option_words, sections
from jumok.experiment.values import type_in_words
from jumok.kinds.options import Options
from small_experiments import write_reversal

ROOT = Path(__file__).parents[2]
LANGUAGES = ["en", "ko"]
KOREAN = re.compile("[가-힣]")


def classes(of: type[BaseModel] = Options) -> dict[str, type[BaseModel]]:
    """All classes of options that a file can have, by name; not those that others are made of."""
    found: dict[str, type[BaseModel]] = {}
    for one in of.__subclasses__():
        found |= classes(one) if one.__subclasses__() else {one.__name__: one}
    return found


def test_every_option_has_words_in_both_languages_and_no_words_are_left_over():
    """Where this fails: write what the new option means into src/jumok/experiment/descriptions.yaml."""
    known = {name: {"_", *one.model_fields} for name, one in classes().items()}
    assert {name: set(options) for name, options in option_words().items()} == known
    for name, options in option_words().items():
        for option, said in options.items():
            assert set(said) == set(LANGUAGES) and all(said.values()), f"{name}.{option}"
            assert not KOREAN.search(said["en"]), f"{name}.{option}"
            assert KOREAN.search(said["ko"]) or said["ko"].isascii() and len(said["ko"]) < 10, (
                f"{name}.{option}"
            )


@pytest.mark.parametrize(("file", "language"), [("options.md", "en"), ("options.ko.md", "ko")])
def test_the_pages_are_those_that_the_code_writes(jumok, file, language):
    """Where this fails: jumok options --markdown > docs/options.md, and with --language ko > docs/options.ko.md."""
    ended = jumok("options", "--markdown", "--language", language)
    assert (ROOT / "docs" / file).read_text(encoding="utf-8") == ended.output


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_class_of_options_is_told_once(language):
    told = sections(language)
    assert len(told) == len(classes())
    paths = [option.path for one in told for option in one.options]
    assert len(paths) == len(set(paths)) == sum(len(one.model_fields) for one in classes().values())
    for one in told:
        for option in one.options:
            assert option.values and option.meaning
            assert {*option.sections} <= {other.path for other in told}


def test_defaults_and_values_are_those_of_the_reader():
    told = {option.path: option for one in sections() for option in one.options}
    assert told["training.steps"].default == "" and told["training.steps"].values == "whole number from 1"
    assert told["training.batch_tokens"].default == "4096"
    assert told["data.train"].default is None and told["outputs.boxes.kind"].default is None
    assert told["training.clip"].values == "number above 0 or null" and told["training.clip"].default == "1.0"
    assert told["training.warmup"].default == "" and told["training.warmup"].values == "whole number from 0"
    assert told["inputs.text.encoder.rnn.kind"].values == "rnn | lstm | gru"
    assert told["inputs.image.augment"].values == "options or none"
    assert told["inputs.text.tokens"].sections == ("data.tokens",)
    assert "exact_match" in told["outputs.text.metric"].values
    assert told["training.betas"].values == "[2 × number from 0 below 1]"


@pytest.mark.parametrize(
    ("schema", "en", "ko"),
    [
        (
            {"type": "integer", "minimum": 0, "exclusiveMaximum": 10},
            "whole number from 0 to 9",
            "0 이상 9 이하 정수",
        ),
        (
            {"type": "number", "exclusiveMinimum": 0, "maximum": 0.5},
            "number above 0 to 0.5",
            "0 초과 0.5 이하 수",
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "text", "텍스트"),
        (
            {"anyOf": [{"type": "string"}, {"type": "null"}], "default": "a"},
            "text or null",
            "텍스트 또는 null",
        ),
        ({"type": "array", "items": {"type": "string", "format": "path"}}, "[path, …]", "[경로, …]"),
    ],
)
def test_values_in_words(schema, en, ko):
    assert type_in_words(schema, "en") == en and type_in_words(schema, "ko") == ko


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        ("training", ["training"]),
        ("data", ["data", "data.train", "data.split", "data.fold", "data.tokens"]),
        ("inputs.image", ["inputs.image", "inputs.image.encoder", "inputs.image.augment"]),
        ("inputs.text.encoder.gru", ["inputs.text.encoder.rnn"]),
        ("training.steps", ["training"]),
        ("outputs.text.decoder.lstm.attention", ["outputs.text.decoder.rnn"]),
    ],
)
def test_sections_are_found(wanted, paths):
    found = find_sections(wanted)
    assert [one.path for one in found] == paths
    if wanted.count(".") and wanted.endswith(("steps", "attention")):
        assert [len(one.options) for one in found] == [1]


def test_a_mistyped_section_is_told_with_the_nearest(refused):
    assert refused("options", "trainin") == "there is no option 'trainin'; did you mean 'training'?"
    assert "did you mean 'training.steps'?" in refused("options", "training.step")
    assert "give one of" in refused("options", "training", "--schema")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_section_is_printed(jumok, language):
    output = jumok("options", "training", "--language", language).output
    for name in classes()["TrainingOptions"].model_fields:
        assert f"  training.{name}: " in output
    assert all(one.path in jumok("options", "--language", language).output for one in sections())


def experiments() -> dict[str, str]:
    """Texts of experiment files that the reader takes."""
    found = {
        file.name: file.read_text(encoding="utf-8") for file in sorted((ROOT / "recipes").glob("*.yaml"))
    }
    found |= {f"digits {name}": text for name, text in digits.EXPERIMENTS.items()}
    return {**found, "bottleneck": bottleneck.EXPERIMENT}


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", experiments())
def test_the_schema_takes_what_the_reader_takes(validator, tmp_path, name):
    file = tmp_path / "x.yaml"
    file.write_text(experiments()[name], encoding="utf-8")
    read_experiment(file)
    given, _ = parse_yaml(file.read_text(), "x.yaml")
    assert [error.message for error in validator.iter_errors(given)] == []
    whole = read_experiment(file).model_dump(mode="json")
    assert [error.message for error in validator.iter_errors(whole)] == []


@pytest.mark.parametrize(
    "override",
    [
        "training.stps=3",
        "training.steps=0",
        "training.steps=many",
        "training.average=mean",
        "model.dropout=1",
        "model=3",
        "data.train.lines={a: b}",
        "data.split.valid=1.5",
        "data.on_bad_rows=drop",
        "inputs.source.kind=sound",
        "inputs.source.encoder={layers: 2}",
        "inputs.source.encoder={kind: gru, bidirectional: often}",
        "outputs.target.metric=blue",
        "outputs={}",
        "decoding.top_p=2",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(validator, tmp_path, override):
    file = write_reversal(tmp_path)
    given = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert validator.is_valid(given)
    with pytest.raises(ConfigurationError):
        read_experiment(file, [override])
    set_value(given, override)
    assert not validator.is_valid(given)


def test_the_schema_is_json_that_editors_can_show(jumok):
    schema = json.loads(jumok("options", "--schema").output)
    assert schema["properties"]["training"]["description"]
    assert schema["$defs"]["TrainingOptions"]["properties"]["accumulate"]["description"] == (
        "Batches for one step."
    )
    korean = json.loads(jumok("options", "--schema", "--language", "ko").output)
    assert KOREAN.search(korean["$defs"]["TrainingOptions"]["properties"]["steps"]["description"])
    assert set(Experiment.model_fields) == set(schema["properties"])
