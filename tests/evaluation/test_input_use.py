"""The use of inputs: hiding one is answering rows that lack it, and shares of attention are sums of exact weights."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from jumok.attention.record import record
from jumok.attention.shares import attention_shares
from jumok.errors import DataError
from jumok.evaluation.input_use import measure_inputs
from jumok.evaluation.runs import evaluate
from jumok.experiment import read_experiment
from jumok.inspection.inspect import inspect_input
from jumok.predictor import load
from made_once import trained_once
from made_predictors import CONVOLUTIONS, made_predictor, random_image, recurrent, transformer
from small_experiments import words

TEXT = {"encoder": {"kind": "gru", "layers": 1}}
DECODERS = {"transformer": transformer(2), "additive": recurrent("additive")}


def key_and_noise(folder: Path) -> Any:
    """A word that says everything beside one that says nothing, which some rows of train lack."""
    for seed, (part, count) in enumerate((("train", 300), ("valid", 40), ("test", 60))):
        keys, noise = words(count, seed, longest=2), words(count, 100 + seed, longest=2)
        rows = [
            {"key": key, "noise": other if part != "train" or number % 9 else None, "said": key}
            for number, (key, other) in enumerate(zip(keys, noise, strict=True))
        ]
        (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options: dict[str, Any] = {
        "inputs": {"key": TEXT | {"optional": True}, "noise": TEXT | {"optional": True}},
        "outputs": {"said": {"decoder": {"kind": "transformer", "layers": 1}, "metric": "token_accuracy"}},
        "data": {
            **{part: {"table": f"{part}.jsonl"} for part in ("train", "valid", "test")},
            "tokens": {"kind": "characters"},
        },
        "model": {"width": 32, "heads": 2, "dropout": 0.0},
        "training": {
            "steps": 120,
            "evaluate_every": 120,
            "batch_tokens": 256,
            "learning_rate": 0.01,
            "precision": "fp32",
            "modality_dropout": 0.2,
        },
        "decoding": {"method": "greedy", "max_tokens": 5},
    }
    (folder / "x.yaml").write_text(json.dumps(options))
    return read_experiment(folder / "x.yaml")


@pytest.fixture(scope="module")
def run() -> Path:
    return trained_once("key-and-noise", key_and_noise) / "run"


def test_an_answer_without_an_input_is_that_to_a_row_that_lacks_it(run):
    predictor = load(run)
    rows = [{"key": "ab", "noise": "cd"}, {"key": "f", "noise": "a"}]
    hidden = predictor.without("key").predict(rows)
    assert hidden == predictor.predict([{"noise": row["noise"]} for row in rows])
    assert predictor.without("key").predict([{"key": "ab", "noise": None}])[0].text == ""  # nothing is left
    assert predictor.predict(rows) == load(run).predict(rows)  # the predictor itself reads on


def test_the_input_that_says_everything_matters_and_the_other_does_not(run):
    answered = evaluate(run)
    uses = measure_inputs(load(run), answered)
    key, noise = (uses[name].hidden["token_accuracy"] for name in ("key", "noise"))
    assert key.whole == noise.whole == pytest.approx(answered.values()["token_accuracy"])
    assert key.verdict == "worse" and key.high < -0.3 and key.p < 0.01
    assert noise.verdict == "no significant difference" and abs(noise.change) < 0.1
    assert uses["key"].attention["said"] > 0.5 and uses["key"].examples == len(answered.examples)
    some = measure_inputs(load(run), answered, ["noise"], most=10)
    assert list(some) == ["noise"] and some["noise"].examples == 10


def test_the_record_and_the_report_tell_of_inputs(run, jumok, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    written = json.loads((copy / "evaluation.json").read_text())
    assert list(written["inputs"]) == ["key", "noise"]
    assert json.loads(jumok("evaluate", copy, "--json").output)["inputs"] == written["inputs"]
    page = (copy / "report.html").read_text()
    assert "<h2>Its inputs</h2>" in page and "<td>worse</td>" in page
    ended = jumok("evaluate", copy, "--hide", "key", "--json")
    document = json.loads(ended.output)
    assert list(document["inputs"]) == ["key"] and document["inputs"]["key"]["hidden"]["chrf"]["p"] < 0.01
    assert json.loads((copy / "evaluation.json").read_text()) == written  # the record stays whole
    ended = jumok("evaluate", copy, "--hide", "noise")
    assert "significant" in ended.talk and "training.modality_dropout" in ended.talk
    ended = jumok("evaluate", copy, "--hide", "nois")
    assert ended.status == 2 and "there is no input 'nois' to hide; did you mean 'noise'?" in ended.talk


def test_a_model_of_one_input_has_nothing_to_hide(reversal, jumok):
    ended = jumok("evaluate", reversal / "run", "--hide", "source")
    assert ended.status == 2 and "source cannot be hidden: the model reads nothing else" in ended.talk


def test_an_image_that_boxes_are_found_in_cannot_be_hidden():
    predictor = made_predictor({"photo": CONVOLUTIONS, "note": TEXT}, {"kind": "boxes"})
    with pytest.raises(DataError, match="photo cannot be hidden: said is found in it"):
        measure_inputs(predictor, None, ["photo"])  # type: ignore[arg-type]


@pytest.mark.parametrize("decoder", DECODERS)
def test_shares_are_sums_of_the_weights_of_each_input(decoder):
    predictor = made_predictor({"photo": CONVOLUTIONS, "note": TEXT}, {"decoder": DECODERS[decoder]})
    look = inspect_input(predictor, {"photo": random_image(64, 64), "note": "ein hund"})
    (document,) = look.to_json()["shares"]
    assert document["output"] == "said"
    uses = {name: look.layers(f"said.cross.{name}", 0) for name in ("photo", "note")}
    for number, layer in enumerate(document["layers"]):
        assert sum(layer["inputs"].values()) == pytest.approx(1)
        for name, share in layer["inputs"].items():
            weights = uses[name][number][0]  # (H, T, S)
            assert share == pytest.approx(float(weights.sum(-1).mean()), abs=1e-5)


def test_modules_with_other_keys_are_left_out():
    attention = torch.nn.MultiheadAttention(8, 2, batch_first=True).eval()
    with record(attention) as maps:
        attention(torch.ones(1, 3, 8), *(torch.ones(2, 1, 5, 8)), need_weights=False)
    assert attention_shares(maps, maps.names, {"a": range(2), "b": range(2, 4)}) == {}
    shares = attention_shares(maps, maps.names, {"a": range(2), "b": range(2, 5)})
    assert list(shares.values()) == [pytest.approx({"a": 0.4, "b": 0.6})]  # all keys are alike
