"""Backbones under necks, read by heads, every two of them together: a step back and an answer, at an odd size."""

import math
from functools import cache

import pytest
import torch

from jumok.dataset import prepare
from jumok.kinds.catalogue import build_model
from jumok.kinds.options import DecodingOptions
from jumok.predictor import Predictor
from jumok.training.loss import batch_losses
from pairwise import pairwise
from small_images import OUTPUTS, image_experiment

BACKBONES = (
    "convolutional",
    "resnet18",
    "resnet50",
    "vgg16_bn",
    "mobilenetv3_large_100",
    "swin_tiny_patch4_window7_224",
)
SHAPES = {"boxes": "objects", "query": "objects", "mask": "shares", "text": "n_best"}


@pytest.fixture(scope="module")
def prepared_of(tmp_path_factory):
    """The prepared data of an output, and the experiment."""

    folder_of = cache(tmp_path_factory.mktemp)  # the same images for every model of an output

    def prepared_of(output, backbone, neck):
        encoder = {"backbone": backbone, "neck": neck} | (
            {} if backbone == "convolutional" else {"weights": "none"}
        )
        words = ", ".join(f"{key}: {value}" for key, value in encoder.items())
        experiment = image_experiment(
            folder_of(output), output, f"inputs.photo.encoder={{{words}}}", "model.width=32"
        )
        return experiment, prepare(experiment, lambda _: None)

    return prepared_of


@pytest.mark.parametrize("backbone,neck,output", pairwise(BACKBONES, ("none", "fpn"), list(OUTPUTS)))
def test_it_trains_and_answers(prepared_of, backbone, neck, output):
    experiment, prepared = prepared_of(output, backbone, neck)
    torch.manual_seed(0)
    model, split = build_model(prepared.fields, experiment.model), prepared.splits["train"]
    (loss,) = batch_losses(model, split, split.batch([0, 1]), 0.0).values()
    loss.total.backward()
    assert math.isfinite(float(loss.total.detach()))
    without = [
        name for name, one in model.named_parameters() if one.grad is None or not one.grad.isfinite().all()
    ]
    assert not without
    images = sorted(prepared.faults["valid"].root.glob("images/valid*.png"))[:2]
    predictor = Predictor(model, prepared.fields, DecodingOptions(method="greedy", max_tokens=3))
    answers = predictor.predict(images)
    assert len(answers) == 2
    assert all(SHAPES[output] in next(iter(answer.outputs.values())).to_json() for answer in answers)
