"""Whatever a file holds, jumok answers or says in one sentence why not: no traceback, no hang.

The suite tries some of it; JUMOK_FUZZ=10000 tries so many inputs in all:

    JUMOK_FUZZ=10000 pytest tests/fuzz --timeout 3600
"""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fuzz.good_sources import ANNOTATIONS, AS_MASKS, TABLES
from fuzz.mutate import mutated
from image_sets import save_image
from jumok.dataset import prepare
from jumok.dataset.report import report
from jumok.errors import JumokError
from jumok.experiment import read_experiment
from jumok.experiment.sources import SourceOptions
from jumok.labelling.opening_objects import open_object_source
from small_experiments import write_experiment, write_words

RUN_FILES = (
    *("report.html", "model/target.vocabulary.json"),
    *("model/model.safetensors", "model/config.yaml", "model/source.vocabulary.json", "config.yaml"),
    *("metrics.jsonl", "evaluation.json", "analysis.json", "predictions.jsonl", "environment.json"),
)
TARGETS = len(TABLES) + len(ANNOTATIONS) + len(RUN_FILES) + 4
EACH = -(-int(os.environ["JUMOK_FUZZ"]) // TARGETS) if "JUMOK_FUZZ" in os.environ else 12


def experiment_file(folder: Path, source: dict, kind: str) -> Path:
    """An experiment on the data of a target, the same for training and valid."""
    options = {"data": {"train": source, "valid": source, "tokens": {"kind": "characters"}}}
    if kind == "text":
        options |= {"inputs": {"source": {}}, "outputs": {"target": {}}}
    else:
        options |= {
            "inputs": {"photo": {"kind": "image", "size": 32, "encoder": {"backbone": "convolutional"}}}
        }
        options |= {"outputs": {"seen": {"kind": kind}}}
    options["data"]["on_bad_rows"] = "skip"
    file = folder / "x.yaml"
    file.write_text(yaml.safe_dump(options))
    return file


def ends_well(act: Callable[[], object]) -> None:
    """An answer, or one sentence."""
    try:
        act()
    except JumokError as error:
        sentence = str(error)
        assert sentence and "Traceback" not in sentence
        sentence.encode()


@pytest.mark.parametrize("name", [*TABLES, *ANNOTATIONS])
def test_what_is_mutated_was_good(name, tmp_path):
    _, source = (TABLES | ANNOTATIONS)[name](tmp_path)
    kind = "text" if name in TABLES else "mask" if name in AS_MASKS else "boxes"
    prepared = prepare(read_experiment(experiment_file(tmp_path, source, kind)), str, tolerant=True)
    assert [str(fault) for fault in report(prepared).faults if fault.kind != "unseen_class"] == []
    assert len(prepared.splits["train"])


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [*TABLES, *ANNOTATIONS])
def test_data_end_in_rows_or_in_a_sentence(name, tmp_path):
    file, source = (TABLES | ANNOTATIONS)[name](tmp_path)
    kind = "text" if name in TABLES else "mask" if name in AS_MASKS else "boxes"
    experiment = read_experiment(experiment_file(tmp_path, source, kind))
    whole, draw = file.read_bytes(), random.Random(name)
    for number in range(EACH):
        file.write_bytes(mutated(whole, draw))
        tolerant = number % 2 == 0
        ends_well(lambda: report(prepare(experiment, str, tolerant=tolerant)))  # noqa: B023


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ["cvat xml", "labelme", "label studio"])
def test_annotations_of_tools_are_labelled_or_refused(name, tmp_path):
    file, source = ANNOTATIONS[name](tmp_path)
    whole, draw = file.read_bytes(), random.Random(name)
    options = {key: tmp_path / value for key, value in source.items()}

    def label() -> None:
        store = open_object_source(SourceOptions.model_validate(options))
        for item in store.items():
            read = store.read(item.key)
            store.write(item.key, read.version, read.marks)
            store.write(item.key, read.version, {"objects": []})

    for number in range(EACH):
        file.write_bytes(whole if number == 0 else mutated(whole, draw))
        ends_well(label)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("text", ["stem", "folder"])
def test_texts_in_names_end_in_rows_or_in_a_sentence(tmp_path, text):
    draw = random.Random(text)
    options = {
        "inputs": {"photo": {"kind": "image", "size": 32, "encoder": {"backbone": "convolutional"}}},
        "outputs": {"said": {}},
        "data": dict.fromkeys(("train", "valid"), {"files": "f", "text": text}) | {"on_bad_rows": "skip"},
    }
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(options))
    whole = save_image(tmp_path / "a.png").read_bytes()
    for number in range(EACH):
        shutil.rmtree(tmp_path / "f", ignore_errors=True)
        for one in (b"abc", b"cab", mutated(b"some words", draw)):
            name = one.translate(None, b"/\0")[:200] or b"x"
            folder = os.path.join(os.fsencode(tmp_path / "f"), name if text == "folder" else b"f")
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, (b"x" if text == "folder" else name) + b".png"), "wb") as file:
                file.write(mutated(whole, draw) if number % 3 == 2 else whole)
        experiment = read_experiment(tmp_path / "x.yaml")
        ends_well(lambda: report(prepare(experiment, str, tolerant=number % 2 == 0)))  # noqa: B023


@pytest.mark.timeout(3600)
def test_an_experiment_file_is_read_or_refused(tmp_path):
    write_words(tmp_path, train=5)
    file, draw = write_experiment(tmp_path), random.Random(1)
    whole = file.read_bytes()
    for _ in range(EACH):
        file.write_bytes(mutated(whole, draw))
        ends_well(lambda: read_experiment(file))


@pytest.mark.timeout(3600)
def test_an_override_is_taken_or_refused(tmp_path):
    write_words(tmp_path, train=5)
    file, draw = write_experiment(tmp_path), random.Random(2)
    sets = ("training.steps=200", "inputs.source.encoder={kind: gru, layers: 1}", "data.tokens.kind=bpe")
    for number in range(EACH):
        override = mutated(sets[number % len(sets)].encode(), draw).decode("utf-8", "surrogateescape")
        ends_well(lambda: read_experiment(file, [override]))  # noqa: B023


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", RUN_FILES)
def test_a_damaged_run_answers_or_says_why(name, small_run, tmp_path, jumok):
    run = tmp_path / "run"
    shutil.copytree(small_run, run)
    whole, draw = (run / name).read_bytes(), random.Random(name)
    commands = (("predict", run, "abc"), ("report", run), ("evaluate", run), ("runs", tmp_path))
    for number in range(-(-EACH // 2)):
        (run / name).write_bytes(mutated(whole, draw))
        ended = jumok(*commands[number % len(commands)])  # fails on a traceback
        assert ended.status in (0, 2), ended.talk
