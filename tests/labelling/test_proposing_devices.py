"""Proposals on a GPU, as far as they can be followed without one: by fake tensors, which know their device."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch._subclasses.fake_tensor import FakeTensorDeviceMismatchError, FakeTensorMode

from jumok.kinds.presence import encode_inputs
from jumok.labelling.proposing.proposer import level_means
from made_predictors import CONVOLUTIONS, QUERIES, made_predictor

DENSE = {"kind": "boxes", "head": {"kind": "dense"}}


def moved_to_gpu(module: torch.nn.Module, mode: FakeTensorMode) -> None:
    """Put fake tensors of a GPU in place of all weights; `to` cannot, without a GPU."""
    for part in module.modules():
        for kept in (part._parameters, part._buffers):
            for name, value in kept.items():
                if value is None:
                    continue
                fake = mode.from_tensor(value).to("cuda")
                kept[name] = torch.nn.Parameter(fake, False) if kept is part._parameters else fake


@pytest.mark.parametrize("output", [DENSE, QUERIES, {"kind": "mask"}], ids=["dense", "query", "mask"])
def test_all_that_is_computed_for_a_proposal_is_on_the_device_of_the_model(output):
    predictor = made_predictor({"photo": dict(CONVOLUTIONS)}, dict(output))
    photo = Image.fromarray(np.zeros((40, 60, 3), np.uint8))
    columns = encode_inputs(predictor.inputs, [predictor.parse_inputs({"photo": photo})])
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        moved_to_gpu(predictor.engine.model, mode)
        memories = predictor.engine.encode(predictor.collate(columns, [0]))
        computed = predictor.outputs["said"].program(predictor.engine.decoders["said"], memories)
        (memory,) = memories.parts.values()
        found = [level_means(memory.pyramid), *(one for one in computed if isinstance(one, torch.Tensor))]
        found += [computed.scores()] if hasattr(computed, "scores") else []
        assert {one.device.type for one in found} == {"cuda"}
        with pytest.raises(FakeTensorDeviceMismatchError):  # so a mistake would be seen
            level_means(memory.pyramid._replace(valid_size=torch.ones(1, 2)))
