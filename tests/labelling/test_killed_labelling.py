"""A process that labels and is killed at any moment: what it has written is there, in files without fault."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from label_files import FORMATS, by_name

KILLS = int(os.environ.get("JUMOK_KILLS", "4"))  # of each format
LABEL = """
import json, os, random, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from label_files import FORMATS

def tell(*what):
    os.write(1, json.dumps(what).encode() + b"\\n")

def label(rng):
    tell("process", os.getpid())
    store = FORMATS[sys.argv[1]].open(Path(sys.argv[2]))
    while True:
        key = rng.choice(["a.png", "b.png", "c.png", "d.png"])
        found = store.read(key)
        objects = [*found.marks["objects"]]
        if len(objects) > 5 or (objects and rng.random() < 0.3):
            objects.pop(rng.randrange(len(objects)))
        else:
            x, y = rng.randint(0, 40), rng.randint(0, 30)
            objects.append({"class": rng.choice(["cat", "dog"]), "box": [x, y, x + rng.randint(5, 20), y + 12]})
        tell("begin", key, objects)
        store.write(key, found.version, {"objects": objects})
        tell("done", key, objects)

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        label(random.Random(line))
    os.waitpid(child, 0)
    tell("killed")
"""


def boxes(objects: list[dict]) -> list[tuple]:
    return sorted((one["class"], *map(float, one["box"])) for one in objects)


def killed_after(process: subprocess.Popen, number: int, rng: random.Random) -> list[list]:
    """Let a process label, kill it at a random moment, and give what it has told."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(f"{number}\n")
    process.stdin.flush()
    labelling = json.loads(process.stdout.readline())[1]
    told = [json.loads(process.stdout.readline()) for _ in range(rng.randint(0, 9))]
    time.sleep(rng.uniform(0, 0.01))
    os.kill(labelling, signal.SIGKILL)
    for line in process.stdout:
        if line == '["killed"]\n':
            break
        told.append(json.loads(line))
    return told


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_is_lost_when_the_process_is_killed(tmp_path: Path, format: str):
    form, rng = FORMATS[format], random.Random(0)
    form.make(tmp_path)
    (tmp_path / "label.py").write_text(LABEL)
    opened = form.open(tmp_path)
    expected = {f"{name}.png": boxes(opened.read(f"{name}.png").marks["objects"]) for name in "abcd"}
    command = [sys.executable, tmp_path / "label.py", format, tmp_path, Path(__file__).parents[1]]
    written = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for number in range(KILLS):
            told = killed_after(process, number, rng)
            done = [(key, boxes(objects)) for what, key, objects in told if what == "done"]
            expected |= dict(done)
            written += len(done)
            key, begun = (told[-1][1], boxes(told[-1][2])) if told else ("", [])
            data, store = form.read(tmp_path), form.open(tmp_path)
            assert not data.faults
            for name, wanted in expected.items():
                found = boxes([*store.read(name).marks["objects"]])
                assert found == wanted or (name == key and found == begun)
                expected[name] = found
                image = by_name(data).get(name)  # of a new image, the last file may not list it yet
                trained = [] if image is None else [(one.name, *one.box) for one in image.annotations]
                assert sorted(trained) == found or (image is None and name == key == "d.png")
        assert process.stdin is not None
        process.stdin.close()
    assert written > KILLS
    assert not list(tmp_path.rglob("*.tmp"))  # what was half written is swept away when a store is opened
