"""From raw inputs to predictions: in order, alone or together, from one input or several."""

import json
import shutil
from pathlib import Path

import pytest
import torch

import jumok
from jumok.cli import main
from jumok.errors import DataError, RunError
from jumok.experiment import Experiment, read_experiment
from jumok.layers.embedding import TokenEmbedding, TokenOutput
from jumok.predictor import Predictor, load, save_model, save_weights
from jumok.predictor.model_folder import weights_of
from jumok.training import train
from small_experiments import unseen, words, write_table


@pytest.fixture(scope="module")
def predictor(reversal) -> Predictor:
    return jumok.load(reversal / "run")


def texts(predictor: Predictor, asked: list[str]) -> list[str]:
    return [prediction.text for prediction in predictor.predict(asked)]


def test_predictions_come_in_the_order_of_their_inputs(predictor, reversal):
    asked = unseen(reversal, 40)
    assert texts(predictor, asked) == [texts(predictor, [text])[0] for text in asked]
    assert texts(predictor, asked[::-1]) == texts(predictor, asked)[::-1]


def test_small_batches_say_the_same(predictor, reversal):
    asked = unseen(reversal, 40)
    small = load(reversal / "run", decoding={"batch_tokens": 12})
    assert texts(small, asked) == texts(predictor, asked)


def test_progress_counts_every_answer(predictor, reversal):
    counts: list[int] = []
    load(reversal / "run", decoding={"batch_tokens": 4}).predict(
        ["abc", "", "de", "f"], progress=counts.append
    )
    assert sum(counts) == 4 and len(counts) > 1


def test_empty_inputs(predictor):
    assert predictor.predict([]) == []
    empty, full, blank = predictor.predict(["", "abc", " \t"])
    assert empty.text == blank.text == "" and full.text == texts(predictor, ["abc"])[0]


def test_inputs_by_name(predictor):
    named, plain = predictor.predict([{"source": "abc"}, "abc"])
    assert named == plain and str(named) == named["target"].text == named.text


def test_inputs_are_cleaned(predictor):
    assert texts(predictor, [" abc ", "abc\n"]) == texts(predictor, ["abc", "abc"])
    assert predictor.unknown(" a\u0301 ") == {"source": ["\u00e1"]}  # composed, as in training
    assert predictor.unknown("abc") == {}


def test_the_model_is_put_into_evaluation_mode_once(predictor):
    model = predictor.model.train()
    again = Predictor(model, predictor.fields, predictor.decoding)
    assert not any(part.training for part in model.modules())
    assert texts(again, ["abc", "fed"]) == texts(predictor, ["abc", "fed"])


def test_loading_draws_no_random_numbers(reversal):
    before = torch.random.get_rng_state()
    load(reversal / "run")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_model_that_is_saved_and_loaded_is_equal(predictor, reversal, tmp_path):
    experiment = read_experiment(reversal / "run" / "config.yaml")
    save_model(tmp_path / "copy", experiment, predictor.fields, predictor.model)
    save_weights(tmp_path / "copy", weights_of(predictor.model), {"step": "1"})
    again = load(tmp_path / "copy")
    one, two = weights_of(predictor.model), weights_of(again.model)
    assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)
    asked = unseen(reversal, 10)
    assert again.predict(asked) == predictor.predict(asked)


def test_run_and_model_folder_are_the_same_model(predictor, reversal, tmp_path):
    asked = unseen(reversal, 10)
    assert load(reversal / "run" / "model").predict(asked) == predictor.predict(asked)
    shutil.copytree(reversal / "run" / "model", tmp_path / "moved")
    assert load(tmp_path / "moved").predict(asked) == predictor.predict(asked)


def test_shared_embeddings_are_shared_after_loading(tmp_path, reversal):
    shared = ["data.tokens.shared=true", "training.steps=1"]
    train(read_experiment(reversal / "x.yaml", shared), tmp_path / "run")
    model = load(tmp_path / "run").model
    tables = [part for part in model.modules() if isinstance(part, TokenEmbedding)]
    (output,) = [part for part in model.modules() if isinstance(part, TokenOutput)]
    assert len(tables) == 1 and output.weight is tables[0].table


def test_faults_of_inputs(predictor):
    with pytest.raises(DataError, match="an input has no 'source'; did you mean 'sorce'"):
        predictor.predict([{"sorce": "a"}])
    with pytest.raises(DataError, match="'source' of an input must be a text; got None"):
        predictor.predict([{"source": None}])


def test_inputs_beyond_learned_positions(reversal, tmp_path):
    short = ["model.positions=learned", "data.max_tokens=8", "training.steps=1"]
    train(read_experiment(reversal / "x.yaml", short), tmp_path / "run")
    predictor = load(tmp_path / "run")
    predictor.predict(["a" * 7])
    with pytest.raises(DataError, match="input 12: source has 9 tokens, but this model has positions for 8"):
        predictor.predict(["a", "", "a" * 8], first=9)


@pytest.mark.parametrize("positions", ["sinusoidal", "rotary"])
def test_inputs_longer_than_any_in_training(reversal, tmp_path, positions):
    options = [f"model.positions={positions}", "data.max_tokens=8", "training.steps=1"]
    train(read_experiment(reversal / "x.yaml", options), tmp_path / "run")
    assert len(load(tmp_path / "run").predict(["a" * 300, "b"])) == 2


def test_missing_vocabulary(reversal, tmp_path):
    shutil.copytree(reversal / "run" / "model", tmp_path / "model")
    (tmp_path / "model" / "source.vocabulary.json").unlink()
    with pytest.raises(RunError, match="source.vocabulary.json does not exist"):
        load(tmp_path / "model")


# --- several inputs


@pytest.fixture(scope="module")
def joined(tmp_path_factory) -> Path:
    """A run that learned to write two words one after the other, which needs both."""
    folder = tmp_path_factory.mktemp("joined")
    for seed, part in ((1, "train"), (2, "valid")):
        first, second = words(800, seed, longest=2), words(800, seed + 10, longest=2)
        rows = [(one, two, one + two) for one, two in zip(first, second, strict=True)]
        write_table(folder / f"{part}.tsv", rows[: 800 if part == "train" else 50], ("one", "two", "both"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUMOK_CACHE", str(folder / "cache"))
        train(joining(folder), folder / "run")
    return folder


def joining(folder: Path) -> Experiment:
    (folder / "x.yaml").write_text(
        "inputs:\n"
        "  one: {encoder: {kind: transformer, layers: 1}}\n"
        "  two: {encoder: {kind: gru, layers: 1}}\n"
        "outputs: {both: {decoder: {kind: gru, layers: 1}}}\n"
        "data: {train: {table: train.tsv}, valid: {table: valid.tsv}, tokens: {kind: characters, shared: true}}\n"
        "model: {width: 32, heads: 2, dropout: 0.0}\n"
        "training: {steps: 200, batch_tokens: 512, learning_rate: 0.01, precision: fp32, evaluate_every: 50}\n"
        "decoding: {beam: 1}\n"
    )
    return read_experiment(folder / "x.yaml")


def test_two_inputs_make_one_answer(joined):
    asked = [{"one": one, "two": two} for one in ("a", "bc", "fe") for two in ("d", "ef")]
    answers = [prediction.text for prediction in load(joined / "run").predict(asked)]
    right = sum(text == value["one"] + value["two"] for text, value in zip(answers, asked, strict=True))
    assert right >= 5  # of 6


def test_two_inputs_are_given_by_name(joined):
    predictor = load(joined / "run")
    with pytest.raises(DataError, match=r"this model reads 2 inputs \(one, two\); give them by name"):
        predictor.predict(["a"])
    with pytest.raises(DataError, match="an input has no 'two'"):
        predictor.predict([{"one": "a"}])
    assert predictor.unknown({"one": "ax", "two": "y"}) == {"one": ["x"], "two": ["y"]}
    assert predictor.predict([{"one": "", "two": " "}])[0].text == ""


def test_two_inputs_on_the_command_line(joined, capsys):
    def jumok_predict(*given: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as end:
            main(["predict", str(joined / "run"), *(json.dumps(value) for value in given)])
        return (end.value.code, *capsys.readouterr())

    asked = [{"one": "a", "two": "b"}, {"two": "d", "one": "c"}]
    expected = [prediction.text for prediction in load(joined / "run").predict(asked)]
    assert jumok_predict(*asked)[:2] == (0, "".join(text + "\n" for text in expected))
    status, output, talk = jumok_predict({"one": "a", "two": "b"}, ["a", "b"])
    assert (status, output) == (2, "")
    assert talk.strip().endswith(
        'line 2: this model has several inputs; expected a JSON object {"one": "...", "two": "..."}'
    )
    assert "line 1: an input has no 'two'" in jumok_predict({"one": "a"})[2]
