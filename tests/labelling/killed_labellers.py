"""Programs that label until they are killed: one process loads jumok once, and forks each of them."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

NURSERY = """
import json, os, sys
from pathlib import Path
{setup}
def label(number):
    store = open_store(Path(sys.argv[1]))
    keys = [item.key for item in store.items()]
    print(json.dumps({{"child": os.getpid()}}), flush=True)
    while True:
        key = keys[number * 7 % len(keys)]
        store.write(key, store.read(key).version, marks(number))
        print(json.dumps({{"key": key, "number": number}}), flush=True)
        number += 1

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        label(int(line))
    os.waitpid(child, 0)
    print(json.dumps({{"dead": child}}), flush=True)
"""


def kill_labellers(place: Path, setup: str, kills: int) -> Iterator[dict[str, int]]:
    """Kill programs that label `place` at random moments; after each, the last acknowledged number of each item.

    Args:
        place: What they open.
        setup: Code with `open_store(path)` and `marks(number)`.
        kills: How many are killed.
    """
    code = NURSERY.format(setup=setup)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    draw, number, sure = random.Random(15), 0, {}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    with subprocess.Popen([sys.executable, "-c", code, str(place)], **pipes) as nursery:
        for _ in range(kills):
            nursery.stdin.write(f"{number}\n")
            nursery.stdin.flush()
            for line in nursery.stdout:
                said = json.loads(line)
                if "dead" in said:
                    break
                if "child" in said:
                    child, left = said["child"], draw.randrange(4)
                else:
                    number, left = said["number"], left - 1
                    sure[said["key"]] = number
                if left == 0:  # it goes on to write, and is killed anywhere in it
                    time.sleep(draw.random() * 0.01)
                    os.kill(child, signal.SIGKILL)
            number += 1
            yield dict(sure)
        nursery.stdin.close()
