"""The space of a sweep: what is understood, and what is refused."""

import pytest

from jumok.errors import ConfigurationError
from jumok.experiment import read_experiment
from jumok.experiment.space import Choices, Range, parse_space, parse_texts
from jumok.sweeps.plan import read_plan
from small_experiments import write_experiment, write_words


def test_ranges_and_choices():
    rate, layers, width, kinds = parse_space(
        parse_texts(
            [
                "training.learning_rate=[1e-4, 3e-3, log]",
                "layers=[1, 4, linear]",
                "width=[64, 128, 256]",
                "kind=[{kind: gru}, {kind: transformer}]",
            ]
        )
    )
    assert rate == Range("training.learning_rate", 1e-4, 3e-3, True) and not rate.is_whole
    assert layers == Range("layers", 1, 4, False) and layers.is_whole
    assert width == Choices("width", (64, 128, 256))
    assert kinds == Choices("kind", ({"kind": "gru"}, {"kind": "transformer"}))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ("[1]", "expected a list of values"),
        ("3", "expected a list of values"),
        ("[1, log]", r"expected \[LOW, HIGH, log\]"),
        ("[1, 2, 3, log]", r"expected \[LOW, HIGH, log\]"),
        ("[low, high, linear]", "with two numbers"),
        ("[true, 4, linear]", "with two numbers"),
        ("[3, 1, linear]", "swap them"),
        ("[0, 1, log]", "numbers above 0"),
        ("[2, 3, 2]", "2 is given twice"),
    ],
)
def test_refused_spaces(values, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        parse_space(parse_texts([f"model.width={values}"]))


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["model.width"], "expected KEY="),
        (["=[1, 2]"], "expected KEY="),
        (["a=[1, 2]", "a=[3, 4]"], "'a' is given twice"),
        (["a=[1"], "not YAML"),
    ],
)
def test_refused_texts(texts, sentence):
    with pytest.raises(ConfigurationError, match=sentence):
        parse_texts(texts)


@pytest.fixture
def experiment(tmp_path):
    write_words(tmp_path)
    return write_experiment(tmp_path)


@pytest.mark.parametrize(
    ("space", "sentence"),
    [
        ("model.widht=[16, 32]", "sweep: model.widht cannot be 16: .*did you mean 'width'"),
        ("training.learning_rate=[-1.0, 1.0, linear]", "cannot be -1.0: .*greater than 0"),
        ("training.seed=[1, 2]", "training.seed cannot be searched"),
        ("outputs.target.metric=[bleu, chrf]", "cannot be searched"),
    ],
)
def test_values_that_are_none_for_their_option_are_refused_before_any_training(
    experiment, refused, space, sentence
):
    with pytest.raises(ConfigurationError, match=sentence):
        read_plan(experiment, [space], [])
    assert refused("sweep", experiment, "--space", space)
    assert not (experiment.parent / "runs").exists()


def test_a_file_without_a_space_is_told_how_to_say_one(experiment, refused):
    assert "has no sweep:, and there is no --space" in refused("sweep", experiment)


def test_the_space_in_the_file(experiment):
    whole = experiment.read_text()
    experiment.write_text(f"{whole}sweep:\n  model.width: [16, 32]\n")
    assert read_plan(experiment, [], []).space == (Choices("model.width", (16, 32)),)
    assert read_plan(experiment, ["model.heads=[1, 2]"], []).space == (Choices("model.heads", (1, 2)),)
    assert "sweep" not in read_experiment(experiment).model_dump()
    experiment.write_text(f"{whole}sweep:\n  model.width: [16, log]\n")
    with pytest.raises(
        ConfigurationError, match=rf"x.yaml:{whole.count(chr(10)) + 1}: .*model.width: expected"
    ):
        read_experiment(experiment)
