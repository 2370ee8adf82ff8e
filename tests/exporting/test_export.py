"""`jumok export`: the folder, its proof, what takes it as a run, and what is refused."""

import json
import random
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from jumok.errors import RunError
from jumok.exporting import to_ctranslate2
from jumok.predictor import load
from jumok.predictor.exported import EXPORT_VERSION
from jumok.runs.layout import is_exported


@pytest.fixture
def copied(exported, tmp_path) -> Path:
    """An exported model that may be written to."""
    return Path(shutil.copytree(exported, tmp_path / "model"))


def test_the_proof_says_that_nothing_was_lost(exported):
    proof = json.loads((exported / "proof.json").read_text())
    assert proof["holds"] and proof["faults"] == [] and proof["split"] == "test"
    assert proof["original"]["scores"] == proof["exported"]["scores"]
    said = proof["outputs"]["target"]
    assert said["identical"] == 1 and said["largest"]["quantity"] == "log-probability"
    assert 0 < said["largest"]["absolute"] < 1e-4
    assert proof["original"]["examples_per_second"] > 0 < proof["exported"]["examples_per_second"]


def test_the_command_shows_both_sides(jumok, reversal, tmp_path):
    ended = jumok(
        "export", reversal / "run", "--to", "ctranslate2", "--output", tmp_path / "m", "--examples", 10
    )
    assert ended.status == 0 and ended.output == ""
    for row in ("10 examples", "exact match", "examples per second", "megabytes", "identical answers"):
        assert row in ended.talk
    assert "largest difference: log-probability" in ended.talk


def test_json_is_one_document(jumok, reversal, tmp_path):
    words = (
        "export",
        reversal / "run",
        "--to",
        "ctranslate2",
        "--quantize",
        "int8",
        "--output",
        tmp_path / "m",
    )
    document = json.loads(jumok(*words, "--json").output)
    assert document["folder"] == str(tmp_path / "m") and document["proof"]["quantize"] == "int8"
    assert document["megabytes"]["exported"] < document["megabytes"]["original"]
    assert document["proof"]["differences"]["exact_match"]["p"] > 0.05
    assert document["proof"] == json.loads((tmp_path / "m" / "proof.json").read_text())


def test_predictions_are_those_of_the_run(jumok, reversal, exported):
    words = ["abc", "fedcba", "", "bad"]
    given = "\n".join(words).encode()
    for options in ((), ("--beam", 3, "--best", 2), ("--method", "greedy"), ("--json",)):
        ours = jumok("predict", reversal / "run", *options, given=given).output
        theirs = jumok("predict", exported, *options, given=given).output
        assert theirs.count("\n") == ours.count("\n")
        if options != ("--json",):
            assert theirs == ours
        else:
            for one, other in zip(json.loads(theirs), json.loads(ours), strict=True):
                assert one.keys() == other.keys() and one["text"] == other["text"]
                assert one["score"] == pytest.approx(other["score"], abs=1e-4)


def test_scores_are_those_of_the_run(jumok, reversal, exported):
    ours, theirs = (
        json.loads(jumok("evaluate", one, "--split", "valid", "--json").output)
        for one in (reversal / "run", exported)
    )
    assert theirs == ours


def test_a_wrong_weight_is_found(monkeypatch, refused, reversal, tmp_path):
    fill = to_ctranslate2.fill_cross_attention

    def wrong(spec, attention, residual):
        fill(spec, attention, residual)
        spec.linear[2].weight = spec.linear[2].weight.T.copy()

    monkeypatch.setattr(to_ctranslate2, "fill_cross_attention", wrong)
    said = refused("export", reversal / "run", "--to", "ctranslate2", "--output", tmp_path / "m")
    assert "does not answer as" in said and "a log-probability differs by" in said


def test_a_recurrent_model_is_shown_the_open_door(refused, recurrent_run, tmp_path):
    said = refused("export", recurrent_run, "--to", "ctranslate2", "--output", tmp_path / "m")
    assert "source is text and read by gru" in said and "--to onnx" in said
    assert not (tmp_path / "m").exists()


@pytest.fixture(scope="session")
def recurrent_run(reversal, tmp_path_factory) -> Path:
    """A run of a recurrent model that has learned next to nothing."""
    from jumok.experiment import read_experiment
    from made_once import trained_once

    few = [
        "training.steps=2",
        "model.width=16",
        "training.evaluate_every=1",
        "inputs.source.encoder.kind=gru",
    ]
    few += ["outputs.target.decoder.kind=lstm"]
    return trained_once("recurrent", lambda _: read_experiment(reversal / "x.yaml", few)) / "run"


def test_an_unfinished_run_is_refused(refused, reversal, tmp_path):
    run = shutil.copytree(reversal / "run", tmp_path / "run")
    (run / "evaluation.json").unlink()
    said = refused("export", run, "--to", "ctranslate2")
    assert "was not trained to its end" in said and str(run / "model") in said
    shutil.rmtree(run / "model")
    assert "has no model yet" in refused("export", run, "--to", "ctranslate2")


def test_a_model_folder_is_exported_beside_it(jumok, reversal, tmp_path):
    run = shutil.copytree(reversal / "run", tmp_path / "run")
    assert jumok("export", run / "model", "--to", "ctranslate2", "--no-proof").status == 0
    assert is_exported(run / "ctranslate2") and not (run / "ctranslate2" / "proof.json").exists()


def test_folders_that_are_there(jumok, refused, reversal, copied, tmp_path):
    words = ("export", reversal / "run", "--to", "ctranslate2", "--no-proof", "--output")
    assert "--overwrite" in refused(*words, copied)
    (copied / "left over").touch()
    assert jumok(*words, copied, "--overwrite").status == 0 and not (copied / "left over").exists()
    (tmp_path / "mine").mkdir()
    assert "is no exported model" in refused(*words, tmp_path / "mine", "--overwrite")
    assert "is an exported model already" in refused("export", copied, "--to", "ctranslate2")


def test_what_only_a_run_can_do(refused, exported):
    assert "name the run" in refused("predict", exported, "abc", "--method", "sample")
    assert "leave --precision out" in refused("predict", exported, "abc", "--precision", "bf16")
    with pytest.raises(RunError, match="to look into it"):
        load(exported).model  # noqa: B018


def test_damaged_exports(refused, exported, tmp_path):
    weights = Path("ctranslate2") / "model.bin"

    def told(name: str, change) -> str:
        folder = shutil.copytree(exported, tmp_path / name)
        change(folder)
        return refused("predict", folder, "abc")

    def flip(folder: Path) -> None:
        data = bytearray((folder / weights).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / weights).write_bytes(data)

    def cut(folder: Path) -> None:
        (folder / weights).write_bytes((folder / weights).read_bytes()[:-7])

    def newer(folder: Path) -> None:
        said = json.loads((folder / "model.json").read_text())
        (folder / "model.json").write_text(json.dumps({**said, "version": EXPORT_VERSION + 1}))

    assert "is damaged" in told("flipped", flip)
    assert "bytes, expected" in told("cut", cut)
    assert "cannot be read" in told("gone", lambda folder: (folder / weights).unlink())
    assert "update it" in told("newer", newer)
    assert "does not describe an exported model" in told(
        "empty", lambda folder: (folder / "model.json").write_text("{}")
    )
    assert "target.vocabulary.json cannot be read" in told(
        "words", lambda f: (f / "target.vocabulary.json").unlink()
    )


@pytest.mark.parametrize("seed", range(4))
def test_a_flipped_byte_is_found_in_every_file(refused, exported, tmp_path, seed):
    """Whatever byte of whatever file: one sentence that names the file, and no answer."""
    draw = random.Random(seed)
    folder = Path(shutil.copytree(exported, tmp_path / "m"))
    names = [*json.loads((folder / "model.json").read_text())["files"], "model.json"]
    for name in names:
        whole = (folder / name).read_bytes()
        place = draw.randrange(len(whole))
        (folder / name).write_bytes(
            whole[:place] + bytes([whole[place] ^ 1 << draw.randrange(7)]) + whole[place + 1 :]
        )
        said = refused("predict", folder, "abc")
        assert name in said and ("damaged" in said or "does not describe" in said or "cannot be read" in said)
        (folder / name).write_bytes(whole)


def test_int16_is_proved_and_its_difference_shown(jumok, reversal, tmp_path):
    words = ("--to", "ctranslate2", "--quantize", "int16", "--output", tmp_path / "m")
    ended = jumok("export", reversal / "run", *words)
    assert ended.status == 0 and "difference of exact match" in ended.talk
    proof = json.loads((tmp_path / "m" / "proof.json").read_text())
    assert proof["holds"] and proof["quantize"] == "int16"
    assert 0 < proof["outputs"]["target"]["largest"]["absolute"] < 0.01


def test_an_older_export_still_answers(jumok, exported, tmp_path):
    folder = Path(shutil.copytree(exported, tmp_path / "m"))
    said = json.loads((folder / "model.json").read_text())
    del said["digest"]
    for one in (*said["inputs"].values(), *said["outputs"].values()):
        del one["details"]
    (folder / "model.json").write_text(json.dumps({**said, "version": 1}))
    assert jumok("predict", folder, "abc").output == jumok("predict", exported, "abc").output


def test_a_longer_text_than_the_positions_is_refused(refused, exported):
    limit = json.loads((exported / "model.json").read_text())["inputs"]["source"]["max_length"]
    assert f"this model has positions for {limit}" in refused("predict", exported, "a" * (limit + 1))


def test_the_extra_is_named(monkeypatch, refused, reversal, exported, tmp_path):
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    for words in (
        ("export", reversal / "run", "--to", "ctranslate2", "--output", tmp_path / "m"),
        ("predict", exported, "abc"),
    ):
        assert "pip install 'jumok[export]'" in refused(*words)


def test_an_experiment_of_an_exported_model_is_that_of_the_run(exported, reversal):
    ours = yaml.safe_load((reversal / "run" / "model" / "config.yaml").read_text())
    assert yaml.safe_load((exported / "config.yaml").read_text()) == ours
