"""Make up the recordings of a picture of the label page: somebody stands, walks and runs; the first ones are labelled.

python docs/drawn_signals.py FOLDER [--count 12] [--labelled 4]
"""

import argparse
import math
import random
from pathlib import Path

RATE = 50  # rows a second
STEPS_A_SECOND = {"standing": 0.0, "walking": 1.8, "running": 2.9}
EXPERIMENT = """\
inputs:
  motion: {kind: series, rate: 50, channels: [x, y, z]}
outputs:
  activity: {kind: label}
data:
  train: {recordings: motion.csv, columns: {id: recording}, stretches: true}
  split: {valid: 0.2}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Make up recordings of an acceleration.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--labelled", type=int, default=4)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True)
    lines = ["recording,x,y,z,activity\n"]
    for number in range(1, asked.count + 1):
        lines += recorded(number, number <= asked.labelled)
    (asked.folder / "motion.csv").write_text("".join(lines))
    (asked.folder / "x.yaml").write_text(EXPERIMENT)


def recorded(number: int, is_labelled: bool) -> list[str]:
    """The rows of a recording: four to six activities of 4 to 9 seconds each."""
    chance = random.Random(number)
    rows: list[str] = []
    phase, before = 0.0, ""
    for _ in range(chance.randint(4, 6)):
        name = chance.choice([one for one in STEPS_A_SECOND if one != before])
        before = name
        for _ in range(RATE * chance.randint(4, 9)):
            speed = STEPS_A_SECOND[name]
            phase += 2 * math.pi * speed / RATE
            force = 0.35 * speed
            x, y, z = (force * math.sin(turn * phase) + chance.gauss(0, 0.06) for turn in (0.5, 1, 2))
            rows.append(f"person {number},{x:.3f},{y:.3f},{z + 0.98:.3f},{name if is_labelled else ''}\n")
    return rows


if __name__ == "__main__":
    main()
