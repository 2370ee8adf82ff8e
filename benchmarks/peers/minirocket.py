"""MiniROCKET of aeon on data that aeon brings, for benchmarks/minirocket.py; needs aeon, and no jumok.

python peers/minirocket.py export NAME FOLDER        writes train.jsonl and test.jsonl
python peers/minirocket.py classify NAME FILE SEED   writes the labels of test, the right ones, and the time
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from aeon import __version__
from aeon.classification.convolution_based import MiniRocketClassifier
from aeon.datasets import load_classification


def export(name: str, folder: Path) -> None:
    """Write the examples of each split, of the lengths that they have: a list of time steps and the label."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "test"):
        series, labels = load_classification(name, split=split, load_equal_length=False)
        lines = [
            json.dumps({"signal": np.asarray(values).T.tolist(), "label": f"class {label}"})
            for values, label in zip(series, labels, strict=True)
        ]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def classify(name: str, file: Path, seed: int) -> None:
    """Fit MiniROCKET with ridge on train (Dempster et al., 2021) and answer test.

    It takes series of one length only; where lengths differ, it gets aeon's version of the data that is resampled.
    """
    (x, y), (x_test, y_test) = (
        load_classification(name, split=split, load_equal_length=True) for split in ("train", "test")
    )
    MiniRocketClassifier(random_state=seed).fit(x, y)  # compiles; the second time counts
    start = time.process_time()
    answers = MiniRocketClassifier(random_state=seed).fit(x, y).predict(x_test)
    result = {
        "seconds": time.process_time() - start,
        "answers": [f"class {label}" for label in answers],
        "right": [f"class {label}" for label in y_test],
        "version": __version__,
    }
    file.write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    action, data, path, *rest = sys.argv[1:]
    if action == "export":
        export(data, Path(path))
    else:
        classify(data, Path(path), int(rest[0]))
