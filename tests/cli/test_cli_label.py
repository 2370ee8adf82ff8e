"""`jumok label`: a server until Ctrl-C, which says what was labelled; what nobody can label is refused."""

import json
import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

import pytest
import yaml

from image_runs import write_image_experiment, write_scenes
from image_sets import save_image
from label_stores import box
from small_experiments import write_table


def started(python: list[str], folder: Path, *words: object) -> tuple[subprocess.Popen, str]:
    """A server in a process of its own, and its address."""
    command = [*python, "-m", "jumok", "label", *map(str, words), "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ready, _, _ = select.select([process.stderr], [], [], 600)
    line = process.stderr.readline() if ready else ""
    found = re.search(r"http://\S+/", line)
    assert found, line + process.communicate()[1]
    return process, found[0]


def fetched(address: str, data: object = None):
    headers = {"Content-Type": "application/json", "X-Jumok": "label"} if data is not None else {}
    body = None if data is None else json.dumps(data).encode()
    request = Request(address, body, headers, method="GET" if data is None else "PUT")
    for _ in range(6000):  # it listens before it answers
        try:
            with build_opener(ProxyHandler({})).open(request) as answer:
                return json.loads(answer.read())
        except ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")


def ended(process: subprocess.Popen) -> tuple[int, str, str]:
    process.send_signal(signal.SIGINT)
    output, talk = process.communicate()
    return process.returncode, output, talk


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another signal there")
def test_a_folder_of_photos_is_labelled_until_ctrl_c(python, tmp_path):
    photos = tmp_path / "photos"
    for name in ("one", "two"):
        save_image(photos / f"{name}.png")
    process, address = started(python, tmp_path, "photos", "--kind", "boxes", "--classes", "cat,dog")
    try:
        session = fetched(f"{address}api/session")
        assert (session["name"], session["kind"], session["format"]) == ("photos", "objects", "coco")
        assert [one["name"] for one in session["classes"]] == ["cat", "dog"]
        assert fetched(f"{address}api/items")["states"] == "UU"
        item = f"{address}api/item?key={quote('one.png')}"
        fetched(item, {"version": fetched(item)["version"], "marks": {"objects": [box("dog", 1, 2, 30, 40)]}})
    finally:
        status, output, talk = ended(process)
    assert (status, output) == (0, "") and talk.startswith("1 item labelled, everything is in ")
    (written,) = photos.glob("*.json")
    (record,) = json.loads(written.read_text())["annotations"]
    assert record["bbox"] == [1, 2, 29, 38]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["photos"]


def test_a_host_of_others_is_refused(refused, tmp_path):
    said = refused("label", tmp_path, "--kind", "boxes", "--host", "0.0.0.0")
    assert "must be of this machine alone" in said and "ssh -L 8766:127.0.0.1:8766" in said


def experiment(folder: Path, **changes: object) -> Path:
    """An experiment file of scenes with some parts of its data replaced."""
    write_scenes(folder, {"train": 2, "valid": 1, "test": 1})
    file = write_image_experiment(folder, "boxes")
    options = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**options, **changes}))
    return file


def texts(folder: Path, **data: object) -> Path:
    """An experiment file of texts whose train split is replaced."""
    write_table(folder / "train.tsv", [("a", "b")] * 4)
    for name in ("a", "b"):
        (folder / f"{name}.txt").write_text("one\ntwo\n")
    options = {
        "inputs": {"source": {"kind": "text"}},
        "outputs": {"target": {"kind": "text"}},
        "data": {"train": data or {"table": "train.tsv"}, "split": {"valid": 1}},
    }
    file = folder / "texts.yaml"
    file.write_text(yaml.safe_dump(options))
    return file


def test_what_is_not_there_is_refused(refused, tmp_path):
    file = experiment(tmp_path)
    assert "there is no output 'sen'; did you mean 'seen'?" in refused("label", file, "--output", "sen")
    assert "there is no split 'vaild'; did you mean 'valid'?" in refused("label", file, "--split", "vaild")
    assert "there is no such run" in refused("label", file, "--model", tmp_path / "nothing")
    assert "there is no such file" in refused("label", tmp_path / "y.yaml")
    assert "say what is to be marked" in refused("label", tmp_path)
    assert "does not exist" in refused("label", tmp_path / "nothing", "--kind", "boxes")
    assert "does not exist" in refused("label", tmp_path / "nothing")
    assert "for folders" in refused("label", file, "--classes", "cat")
    assert "--kind is for folders" in refused("label", file, "--kind", "boxes")
    (tmp_path / "data.yaml").write_text("train: images\nnames: [cat]\n")
    assert "add --kind boxes" in refused("label", tmp_path / "data.yaml")
    assert "for experiment files" in refused("label", tmp_path, "--kind", "boxes", "--split", "valid")


def test_a_model_that_gives_no_such_marks_is_refused(refused, tmp_path, small_run):
    said = refused("label", experiment(tmp_path), "--model", small_run)
    assert "the model has no output 'seen'" in said


def test_a_split_that_is_split_off_is_labelled_with_train(refused, tmp_path):
    said = refused("label", texts(tmp_path), "--split", "valid")
    assert "valid is split off from train" in said and "label train" in said


def test_what_nobody_labels_is_refused_with_what_to_do(refused, tmp_path):
    said = refused("label", texts(tmp_path, lines={"source": "a.txt", "target": "b.txt"}))
    assert "parallel files have no cells; put them side by side into a .tsv" in said
