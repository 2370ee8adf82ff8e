"""A model that was exported to ONNX proposes what the run proposes, but for features, which are then of the items."""

import numpy as np
import pytest
from test_to_onnx import exported

from jumok.labelling.proposing.proposer import Proposer, feature_matrix
from made_label_store import CASES, case


@pytest.mark.parametrize("name", CASES)
def test_an_exported_model_proposes_the_same(name):
    both = exported(name)
    ours, store = case(name, both.original)
    theirs: Proposer = case(name, both.exported)[0]
    found = theirs.propose(store.keys)
    for key, wanted in ours.propose(store.keys).items():
        assert found[key].unsure == pytest.approx(wanted.unsure, abs=1e-4)
        assert found[key].marks.keys() == wanted.marks.keys()
    matrix = feature_matrix(list(found.values()))
    assert len(matrix) == len(store.keys) and np.isfinite(matrix).all()
    assert len(np.unique(matrix.round(9), axis=0)) > 1
