"""A wrong experiment file is refused with one sentence: the line, what was expected, the nearest name."""

import re
from pathlib import Path

import pytest
from good_experiment import GOOD, change, refusal

# --- refusals: the unknown


def test_an_unknown_option_has_its_line_and_the_nearest_name(file):
    change(file, "width: 64", "witdh: 64")
    assert refusal(file) == "x.yaml:14: model has no option 'witdh'; did you mean 'width'?"


def test_an_unknown_option_unlike_any_other(file):
    sentence = refusal(change(file, "width: 64", "zzz: 64"))
    assert sentence.startswith("x.yaml:14: model has no option 'zzz'; known are: width, heads, ")


def test_an_unknown_section(file):
    change(file, "model:", "modle:")
    assert refusal(file) == "x.yaml:12: the file has no option 'modle'; did you mean 'model'?"


def test_an_unknown_option_of_a_part(file):
    change(file, "layers: 1", "layer: 1")
    expected = "x.yaml:8: outputs.english.decoder has no option 'layer'; did you mean 'layers'?"
    assert refusal(file) == expected


def test_an_unknown_kind(file):
    change(file, "kind: gru", "kind: grru")
    assert refusal(file) == "x.yaml:6: outputs.english.decoder: there is no kind 'grru'; did you mean 'gru'?"
    change(file, "kind: grru", "kind: 3")
    assert refusal(file).endswith("there is no kind '3'; known are: transformer, rnn, lstm, gru")


def test_an_unknown_value(file):
    change(file, "layers: 1", "attention: dott")
    expected = "x.yaml:8: outputs.english.decoder.attention: expected 'none', 'additive' or 'dot', got 'dott'"
    assert refusal(file) == expected + "; did you mean 'dot'?"


def test_an_unknown_metric(file):
    change(file, "kind: text\n", "kind: text\n    metric: blue\n")
    assert (
        refusal(file) == "x.yaml:6: outputs.english.metric: there is no metric 'blue'; did you mean 'bleu'?"
    )


# --- refusals: the missing


@pytest.mark.parametrize("section", ["inputs", "outputs", "data"])
def test_a_missing_section(file, section):
    file.write_text(re.sub(rf"(?m)^{section}:\n( .*\n)+", "", GOOD))
    assert refusal(file) == f"x.yaml: {section} is missing"


@pytest.mark.parametrize("text", ["", "hello\n", "- a\n- b\n", "# nothing\n"])
def test_a_file_without_options(file, text):
    file.write_text(text)
    assert refusal(file) == "x.yaml: expected the options inputs, outputs and data"


def test_a_missing_kind(file):
    change(file, "      kind: gru\n", "")
    expected = "x.yaml:6: outputs.english.decoder: say which kind it is, like kind: transformer"
    assert refusal(file) == expected


def test_missing_valid_data(file):
    change(file, "  valid: {table: more/valid.tsv}\n", "")
    expected = "x.yaml:9: data: training needs valid data to choose the best model; give valid: or split:"
    assert refusal(file).startswith(expected)


def test_no_inputs_and_two_outputs(file):
    change(file, "\n  german: {kind: text}", " {}")
    assert refusal(file) == "x.yaml:1: inputs: expected at least 1, got 0: {}"
    change(file, "inputs: {}", "inputs: {german: {}}")
    change(file, "outputs:\n", "outputs:\n  french: {}\n")
    choose = "there are several outputs; say by training.select which score chooses the best model, like "
    assert refusal(file) == f"x.yaml:2: outputs: {choose}french.bleu (outputs: french, english)"


# --- refusals: the ill-typed


@pytest.mark.parametrize(
    ("option", "what"),
    [
        ("steps: many", "steps: expected a whole number, got 'many'"),
        ("steps: 1.5", "steps: expected a whole number, got 1.5"),
        ("steps: -1", "steps: expected a number greater than 0, got -1"),
        ("steps: true", "steps: true is no value for it"),
        ("batch_tokens:", "batch_tokens: expected a whole number, got nothing"),
        ("steps: [1, 2]", "steps: expected a whole number, got [1, 2]"),
        ("learning_rate: fast", "learning_rate: expected a number, got 'fast'"),
        ("learning_rate: .inf", "learning_rate: expected a finite number, got inf"),
        ("learning_rate: .nan", "learning_rate: expected a finite number, got nan"),
        ("betas: [1.5, 0.9]", "betas.0: expected a number less than 1.0, got 1.5"),
        ("betas: [0.9]", "betas.1 is missing"),
        ("betas: [0.9, 0.9, 0.9]", "betas: expected at most 2, got 3: [0.9, 0.9, 0.9]"),
        ("seed: 99999999999", "seed: expected a number less than 4294967296, got 99999999999"),
        ("device: 3", "device: expected a text, got 3"),
    ],
)
def test_ill_typed_values(file, option, what):
    file.write_text(GOOD + f"training:\n  keep: 3\n  {option}\n")
    assert refusal(file) == f"x.yaml:17: training.{what}"


@pytest.mark.parametrize("value", ["text", "[1]", ""])
def test_a_value_where_options_belong(file, value):
    change(file, "german: {kind: text}", f"german: {value}")
    assert refusal(file).startswith("x.yaml:2: inputs.german: expected options like {key: value}, got ")


def test_a_yes_where_true_belongs(file):
    change(file, "heads: 2", "tie: perhaps")
    assert refusal(file) == "x.yaml:13: model.tie: expected true or false, got 'perhaps'"


def test_heads_that_do_not_divide_the_width(file):
    change(file, "width: 64", "width: 63")
    expected = "x.yaml:12: model: width must be a multiple of heads; got width=63, heads=2; try width=64"
    assert refusal(file) == expected


@pytest.mark.parametrize("value", ["1.5", "0", "0.0", "-3", "10%", "[1]"])
def test_a_split_is_a_share_or_a_number(file, value):
    change(file, "valid: {table: more/valid.tsv}", f"split: {{valid: {value}}}")
    expected = "x.yaml:11: data.split.valid: expected a share between 0 and 1, or a number of examples"
    assert refusal(file).startswith(expected)


def test_a_part_that_is_given_twice(file):
    change(file, "model:", "  split: {valid: 0.1}\nmodel:")
    assert "valid is given twice: as files and as a part of train" in refusal(file)


# --- refusals: names and sources


@pytest.mark.parametrize("name", ["ger-man", "2nd", "'a b'", "''", "2020-01-01", "1:30", "1_0"])
def test_names_are_identifiers(file, name):
    change(file, "german", name)
    expected = f"x.yaml:2: inputs.{name.strip(chr(39))}: a name must be made of letters, digits and _"
    assert refusal(file).startswith(expected)


@pytest.mark.parametrize("name", ["1", "010", "null", "true"])
def test_a_name_that_yaml_takes_for_something_else(file, name):
    change(file, "german", name)
    assert "is not a name; put it in quotes if it should be one" in refusal(file)


@pytest.mark.parametrize("name", ["type", "keys", "values", "training"])
def test_names_that_a_model_cannot_use(file, name):
    change(file, "german", name)
    assert refusal(file).startswith(f"x.yaml:2: inputs.{name}: this name means something else to PyTorch")


def test_an_input_that_is_an_output(file):
    change(file, "german", "english")
    assert refusal(file) == "x.yaml:4: outputs.english: is an input, too; give them different names"


ONE_OF = (
    ": name exactly one of lines, table, lexicon, files, voc, coco, yolo, labelme, cvat, labelstudio, boxes, masks, "
    "object_masks, arrays, recordings or windows; got "
)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        (
            "{}",
            ONE_OF + "none of them",
        ),
        (
            "{table: a.tsv, lexicon: b}",
            ONE_OF + "table and lexicon",
        ),
        ("{tabel: a.tsv}", " has no option 'tabel'; did you mean 'table'?"),
        ("a.tsv", ": expected options like {key: value}, got 'a.tsv'"),
        ("{table: [a, b]}", ".table: expected the path of a file, got ['a', 'b']"),
        (
            "{table: /a.db}",
            ": /a.db cannot be read as a table; name a file that ends in .tsv, .csv, .jsonl",
        ),
        (
            "{lines: {german: a}}",
            ": lines must name a file for each of german, english; no file for 'english'",
        ),
        (
            "{lines: {german: a, english: b, frech: c}}",
            ": lines must name a file for each of german, english; 'frech' is neither input nor output",
        ),
        (
            "{table: a.tsv, columns: {de: german}}",
            ": columns name inputs and outputs (german, english); 'de' is neither",
        ),
        (
            "{lines: {german: a, english: b}, columns: {german: c}}",
            ".columns: belongs to table and boxes and coco and labelstudio and arrays and recordings; this is lines",
        ),
        ("{table: a.tsv, stress: remove}", ".stress: belongs to lexicon; this is table"),
    ],
)
def test_wrong_sources(file, source, what):
    change(file, "{table: train.tsv}", source)
    assert refusal(file).startswith(f"x.yaml:10: data.train{what}")


def test_a_lexicon_has_two_columns(file):
    change(file, "inputs:", "inputs:\n  accent: {}")
    change(file, "{table: train.tsv}", "{lexicon: words.dict}")
    assert "a lexicon has two columns, spelling and pronunciation; the experiment has 3" in refusal(file)


# --- refusals: not YAML


def test_an_option_that_stands_twice(file):
    file.write_text(GOOD + "  heads: 4\n")
    assert refusal(file) == "x.yaml:15: 'heads' occurs twice here; remove one"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("model:\n\twidth: 1\n", "x.yaml:2: not YAML: found character '\\t' that cannot start any token"),
        ("model: {width: 1\n", "x.yaml:2: not YAML: expected ',' or '}', but got '<stream end>'"),
        ("model: width: 1\n", "x.yaml:1: not YAML: mapping values are not allowed here"),
        ("a: 1\n---\nb: 1\n", "x.yaml:2: not YAML: expected a single document in the stream but found"),
        ("model: !!python/name:os.system {}\n", "x.yaml:1: not YAML: could not determine a constructor"),
        ("model: {{width}: 1}\n", "x.yaml:1: a name was expected before the colon"),
        ("model: \0\n", "x.yaml: not YAML: unacceptable character #x0000"),
        ("model: " + "[" * 3000, "x.yaml: not an experiment: its brackets are nested too deeply"),
    ],
)
def test_what_is_not_yaml(file, text, what):
    file.write_text(text)
    assert refusal(file).startswith(what)


def test_a_missing_file(file):
    assert refusal(Path("y.yaml")) == "y.yaml: there is no such file; did you mean 'x.yaml'?"


def test_a_folder_and_bytes(file, tmp_path):
    assert refusal(tmp_path) == f"{tmp_path} is a folder, expected an experiment file"
    file.write_bytes(b"inputs: \xff")
    assert refusal(file).startswith("x.yaml: is not UTF-8 text; save it as UTF-8")
