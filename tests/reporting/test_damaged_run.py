"""A run whose files are cut, empty, gone, replaced or junk: a sentence, or a report without them."""

import json
import shutil
from pathlib import Path

import pytest

from jumok.errors import JumokError
from jumok.runs.config import read_config
from jumok.runs.log import read_log

FILES = ("evaluation.json", "analysis.json", "environment.json", "metrics.jsonl", "config.yaml")
NEEDED = ("evaluation.json", "analysis.json")
SPARE = ("environment.json", "metrics.jsonl")  # a report is made without them


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


def gone(file: Path) -> None:
    file.unlink()


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def junk(file: Path) -> None:
    file.write_bytes(bytes(range(256)))


def other_json(file: Path) -> None:
    file.write_text('{"metrics": [3], "bins": "x", "split": null, "step": {}}\n')


def a_list(file: Path) -> None:
    file.write_text("[[[]]]\n")


def device(file: Path) -> None:
    """Reading one never ends."""
    file.unlink()
    file.symlink_to("/dev/zero")


DAMAGES = (cut, empty, gone, folder, junk, other_json, a_list, device)


@pytest.fixture
def run(reversal, tmp_path) -> Path:
    skip = shutil.ignore_patterns("checkpoints")
    return Path(shutil.copytree(reversal / "run", tmp_path / "run", ignore=skip))


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("name", FILES)
def test_a_report_of_a_damaged_run(jumok, run, name, damage):
    damage(run / name)
    ended = jumok("report", run)
    if name in SPARE or (name == "config.yaml" and damage is gone):
        assert ended.status == 0 and "Its worst answers" in (run / "report.html").read_text()
        return
    if name == "config.yaml" and damage is cut and ended.status == 0:
        return  # half a configuration may be a whole one, with the defaults for the rest
    assert ended.status == 2
    *_, sentence = ended.talk.splitlines()
    assert sentence.startswith("error: ") and (name in sentence or "has no scores yet" in sentence)
    if name in NEEDED and damage is not gone:
        assert f"{name} is damaged" in sentence and "jumok evaluate" in sentence


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("name", ["model.safetensors", "config.yaml", "source.vocabulary.json"])
def test_a_model_that_is_damaged(jumok, run, name, damage):
    damage(run / "model" / name)
    ended = jumok("predict", run, "abc")
    assert ended.status == 2
    *_, sentence = ended.talk.splitlines()
    assert sentence.startswith("error: ") and str(run) in sentence


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"model:\n\twidth: 1\n", ":2: not YAML: "),
        (b"", " holds no options"),
        (b"\xff\xfe", " is no UTF-8 text"),
        (None, " cannot be read (No such file or directory)"),
    ],
)
def test_a_damaged_configuration_says_what_to_do(tmp_path, data, told):
    file = tmp_path / "config.yaml"
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(JumokError) as caught:
        read_config(file)
    assert str(caught.value).startswith(f"{file}{told}")
    assert str(caught.value).endswith("; copy the whole folder again")


def test_a_log_is_read_as_far_as_it_is_whole(tmp_path):
    file = tmp_path / "metrics.jsonl"
    lines = [json.dumps({"step": step, "split": "train", "loss": 1.5}) for step in (1, 2, 3)]
    file.write_text("\n".join(lines) + "\n")
    assert [line["step"] for line in read_log(file).lines] == [1, 2, 3] and not read_log(file).notes
    file.write_text("\n".join(lines)[:-7])
    assert [line["step"] for line in read_log(file).lines] == [1, 2]
    (note,) = read_log(file).notes
    assert note == f"{file}:3 is damaged and left out (cut when the training was killed)"
    file.write_text("\n".join(["{", *lines, "[]", ""]))
    assert [line["step"] for line in read_log(file).lines] == [1, 2, 3]
    (note,) = read_log(file).notes
    assert note == f"{file}:1 and 1 more line are damaged and left out"
