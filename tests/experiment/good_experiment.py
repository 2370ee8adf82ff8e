"""An experiment file without a fault, what is changed in it, and what is said then."""

from pathlib import Path

import pytest

from jumok.errors import ConfigurationError
from jumok.experiment import read_experiment

GOOD = """\
inputs:
  german: {kind: text}
outputs:
  english:
    kind: text
    decoder:
      kind: gru
      layers: 1
data:
  train: {table: train.tsv}
  valid: {table: more/valid.tsv}
model:
  heads: 2
  width: 64
"""


def change(file: Path, old: str, new: str) -> Path:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
    return file


def refusal(file: Path, *overrides: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_experiment(file, overrides)
    return str(caught.value)
