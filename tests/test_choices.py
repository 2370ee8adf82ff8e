"""What is written down so that options can be read without the parts: it is what the parts say."""

from typing import get_args

import pytest
from torch import nn

from jumok.choices import MODULE_ATTRIBUTES, TEXT_METRICS, Cell, Unit
from jumok.errors import ConfigurationError
from jumok.kinds.catalogue import Fields, build_model
from jumok.kinds.options import ModelOptions
from jumok.layers.recurrent import CELLS
from jumok.metrics.text import text_metrics


def test_names_that_torch_takes():
    made = nn.ModuleDict()
    names = {name for name in dir(made) if not name.startswith("__")}
    others = {
        n for n in names if not (getattr(getattr(made, n), "__module__", None) or "torch").startswith("torch")
    }
    names -= others  # what other libraries put there, as transformers does
    assert names <= set(MODULE_ATTRIBUTES.split())


def test_a_name_that_only_this_torch_takes_is_told(monkeypatch):
    monkeypatch.setattr(nn.ModuleDict, "english", None, raising=False)
    with pytest.raises(ConfigurationError, match="'english' means something else to this PyTorch"):
        build_model(Fields({}, {"english": None}), ModelOptions())


@pytest.mark.parametrize("unit", get_args(Unit))
def test_metrics_of_texts(unit):
    assert tuple(text_metrics(unit)) == TEXT_METRICS


def test_cells():
    assert set(CELLS) == set(get_args(Cell))
