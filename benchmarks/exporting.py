"""Examples per second of a processor, of a run and its exports: python benchmarks/exporting.py RUN EXPORTED... [N]."""

import sys
import time
from pathlib import Path

import torch

from jumok.evaluation.answers import final_split, open_split
from jumok.predictor import Predictor, load
from jumok.runs.config import experiment_of

EXAMPLES = 200


def seconds(predictor: Predictor, inputs: list[dict[str, object]]) -> float:
    """Seconds of a processor that the answers take, after a few were given."""
    predictor.predict(inputs[:8])
    begin = time.process_time()
    predictor.predict(inputs)
    return time.process_time() - begin


def main(words: list[str]) -> None:
    """Print a line for each folder, all in one process with one thread."""
    torch.set_num_threads(1)
    count = int(words.pop()) if words[-1].isdigit() else EXAMPLES
    original = load(words[0], "cpu", {"precision": "fp32"})
    experiment = experiment_of(Path(words[0]))
    split = open_split(experiment, original, final_split(experiment), lambda _: None)
    inputs = [{name: split.value(name, one) for name in split.inputs} for one in split.answers(count)[0]]
    first = None
    for folder in words:
        one = original if folder == words[0] else load(folder).with_decoding(original.decoding)
        took = seconds(one, inputs)
        first = first or took
        print(
            f"{folder}: {len(inputs) / took:,.1f} examples per processor second, {first / took:.2f} times the run"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
