"""Whatever a file holds, jumok answers or says in one sentence why not: no traceback, no hang.

The suite tries some of it; JUMOK_FUZZ=10000 tries so many inputs in all:

    JUMOK_FUZZ=10000 pytest tests/fuzz --timeout 3600
"""

import gzip
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image

from fuzz.mutate import mutated
from jumok.dataset import prepare
from jumok.dataset.report import report
from jumok.errors import JumokError
from jumok.experiment import read_experiment
from picture_runs import write_scenes
from picture_sets import voc, voc_object, yolo
from small_experiments import write_experiment, write_words

TEXTS = {"source": "abc", "target": "cba"}
WORDS = ["a b", "b c d", "안녕", "c", "d e f", "g, h", 'i "j"', "k"]


def lines(folder: Path) -> tuple[Path, dict]:
    file = folder / "a.txt"
    file.write_text("".join(f"{word}\n" for word in WORDS))
    shutil.copy(file, folder / "b.txt")
    return file, {"lines": {"source": "a.txt", "target": "b.txt"}}


def packed(folder: Path) -> tuple[Path, dict]:
    file, _ = lines(folder)
    (folder / "a.txt.gz").write_bytes(gzip.compress(file.read_bytes()))
    return folder / "a.txt.gz", {"lines": {"source": "a.txt.gz", "target": "b.txt"}}


def table(name: str, between: str, quote: str = "") -> Callable[[Path], tuple[Path, dict]]:
    def write(folder: Path) -> tuple[Path, dict]:
        rows = [f"{quote}{word.replace(chr(34), '')}{quote}{between}x" for word in WORDS]
        (folder / name).write_text("\n".join([f"source{between}target", *rows]) + "\n")
        return folder / name, {"table": name}

    return write


def jsonl(folder: Path) -> tuple[Path, dict]:
    rows = [f'{{"source": "{word[:1]}", "target": "x", "other": [1, null]}}\n' for word in WORDS]
    (folder / "a.jsonl").write_text("".join(rows))
    return folder / "a.jsonl", {"table": "a.jsonl"}


def parquet(folder: Path) -> tuple[Path, dict]:
    pq.write_table(pa.table({"source": WORDS, "target": WORDS[::-1]}), folder / "a.parquet")
    return folder / "a.parquet", {"table": "a.parquet"}


def lexicon(folder: Path) -> tuple[Path, dict]:
    (folder / "a.dict").write_text("ABC  AH0 B S IY1\nABC(2)  EY1\nDEF  D EH1 # letters\n;;; no\n" * 3)
    return folder / "a.dict", {"lexicon": "a.dict"}


TABLES = {
    "lines": lines,
    "gzip": packed,
    "tsv": table("a.tsv", "\t"),
    "csv": table("a.csv", ",", '"'),
    "jsonl": jsonl,
    "parquet": parquet,
    "lexicon": lexicon,
}


def coco_file(folder: Path) -> tuple[Path, dict]:
    write_scenes(folder, {"train": 3})
    return folder / "train.json", {"coco": "train.json"}


def voc_xml(folder: Path) -> tuple[Path, dict]:
    for name in "abc":
        voc(folder / "v", voc_object("dog", 1, 2, 30, 40), name)
    return folder / "v" / "Annotations" / "a.xml", {"voc": "v", "split": "train"}


def voc_list(folder: Path) -> tuple[Path, dict]:
    voc_xml(folder)
    return folder / "v" / "ImageSets" / "Main" / "train.txt", {"voc": "v", "split": "train"}


def yolo_yaml(folder: Path) -> tuple[Path, dict]:
    yolo(folder / "y", {"a": "0 0.5 0.5 0.5 0.5\n1 0 0 1 0 1 1\n", "b": "1 0.5 0.5 0.1 0.1\n"})
    return folder / "y" / "data.yaml", {"yolo": "y/data.yaml", "split": "train"}


def yolo_labels(folder: Path) -> tuple[Path, dict]:
    _, source = yolo_yaml(folder)
    return folder / "y" / "labels" / "train" / "a.txt", source


def image(folder: Path) -> tuple[Path, dict]:
    coco_file(folder)
    return next((folder / "images").glob("*.png")), {"coco": "train.json"}


def masks(folder: Path) -> tuple[Path, dict]:
    write_scenes(folder, {"train": 3})
    (folder / "masks").mkdir()
    for file in (folder / "images").glob("*.png"):
        Image.new("L", (64, 48), 1).save(folder / "masks" / file.name)
    file = next((folder / "masks").glob("*.png"))
    return file, {"masks": "masks", "images": "images", "classes": ["ground", "brick"]}


def mask_list(folder: Path) -> tuple[Path, dict]:
    masks(folder)
    names = sorted(file.name for file in (folder / "masks").glob("*.png"))
    (folder / "list.txt").write_text("".join(f"images/{name} masks/{name}\n" for name in names))
    return folder / "list.txt", {"masks": "list.txt", "classes": ["ground", "brick"]}


ANNOTATIONS = {
    "coco": coco_file,
    "voc": voc_xml,
    "voc list": voc_list,
    "yolo": yolo_yaml,
    "labels": yolo_labels,
    "image": image,
    "mask": masks,
    "mask list": mask_list,
}
RUN_FILES = (
    *("model/model.safetensors", "model/config.yaml", "model/source.vocabulary.json", "config.yaml"),
    *("metrics.jsonl", "evaluation.json", "analysis.json", "predictions.jsonl", "environment.json"),
)
TARGETS = len(TABLES) + len(ANNOTATIONS) + len(RUN_FILES) + 2
EACH = -(-int(os.environ["JUMOK_FUZZ"]) // TARGETS) if "JUMOK_FUZZ" in os.environ else 25


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


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [*TABLES, *ANNOTATIONS])
def test_data_end_in_rows_or_in_a_sentence(name, tmp_path):
    file, source = (TABLES | ANNOTATIONS)[name](tmp_path)
    kind = "text" if name in TABLES else "mask" if "mask" in name else "boxes"
    experiment = read_experiment(experiment_file(tmp_path, source, kind))
    whole, draw = file.read_bytes(), random.Random(name)
    for number in range(EACH):
        file.write_bytes(mutated(whole, draw))
        tolerant = number % 2 == 0
        ends_well(lambda: report(prepare(experiment, str, tolerant=tolerant)))  # noqa: B023


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
