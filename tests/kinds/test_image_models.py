"""Models that read images: they learn, repeat, resume, and answer for each image alone."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from jumok.data.images.reading import load_image, read_header
from jumok.errors import ConfigurationError, DataError
from jumok.predictor import Predictor, load
from jumok.training import Interrupted, train
from jumok.training.loop import Trainer
from run_contents import assert_same_end
from small_images import OUTPUTS, SIZES, image_experiment, trained

SCORES = {
    "boxes": ("AP50", 0.8),
    "query": ("AP50", 0.4),
    "mask": ("mean_iou", 0.8),
    "text": ("exact_match", 0.5),
}


def run_of(output: str) -> Path:
    """The run of a model that has learned something; for reading only."""
    return trained(output) / "run"


def images_of(output: str) -> list[Path]:
    return sorted((trained(output) / "images").glob("test*.png"))


def described(predictor: Predictor, images: list) -> list[dict]:
    return [next(iter(found.outputs.values())).to_json() for found in predictor.predict(images)]


def flat(value: Any) -> list[float]:
    """The numbers in a JSON value, in their order."""
    if isinstance(value, dict | list):
        return [
            number for one in (value.values() if isinstance(value, dict) else value) for number in flat(one)
        ]
    return [value] if isinstance(value, int | float) else []


def words(value: Any) -> list[str]:
    """The texts in a JSON value, in their order."""
    if isinstance(value, dict | list):
        return [text for one in (value.values() if isinstance(value, dict) else value) for text in words(one)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("output", OUTPUTS)
def test_it_learns(output):
    name, least = SCORES[output]
    evaluation = json.loads((run_of(output) / "evaluation.json").read_text())
    assert evaluation["metrics"][name]["value"] >= least


@pytest.mark.parametrize("output", OUTPUTS)
def test_an_image_is_answered_as_if_it_were_alone(output):
    predictor, images = load(run_of(output)), images_of(output)
    assert len({read_header(image).size for image in images}) == len(SIZES)
    together = described(predictor, images)
    alone = [described(predictor, [image])[0] for image in images]
    assert flat(together) == pytest.approx(
        flat(alone), abs=0.02
    )  # boxes are rounded to a hundredth of a pixel
    assert words(together) == words(alone)


@pytest.mark.parametrize("output", OUTPUTS)
def test_a_path_an_image_and_an_array_are_the_same(output):
    predictor, image = load(run_of(output)), images_of(output)[0]
    loaded = load_image(image)
    ways = [str(image), image, loaded, np.asarray(loaded), {"photo": image}]
    answers = [described(predictor, [way])[0] for way in ways]
    assert all(answer == answers[0] for answer in answers)


def test_boxes_are_in_pixels_of_the_image_as_it_came():
    predictor, image = load(run_of("boxes")), images_of("boxes")[0]
    small = load_image(image)
    large = small.resize((3 * small.width, 3 * small.height), Image.Resampling.NEAREST)
    one, three = (predictor.predict([loaded])[0]["blocks"].sure() for loaded in (small, large))
    assert len(one) == len(three) > 0
    for before, after in zip(one, three, strict=True):
        assert np.allclose(np.array(after.box) / 3, before.box, atol=2)
    assert predictor.predict([large])[0]["blocks"].size == (large.height, large.width)


def test_a_mask_is_as_large_as_its_image():
    predictor, images = load(run_of("mask")), images_of("mask")
    assert len({read_header(image).size for image in images}) == len(SIZES)
    for image in images:
        mask = predictor.predict([image])[0]["blocks"].classes
        assert mask.shape == read_header(image).size[::-1] and mask.max() <= 2


@pytest.mark.parametrize("output", ["boxes", "mask"])
def test_a_stopped_training_ends_like_one_that_was_not(tmp_path, monkeypatch, output):
    changes = ("training.steps=16", "training.evaluate_every=8", "inputs.photo.augment.mosaic=0.3")
    experiment = image_experiment(tmp_path, output, *changes)
    train(experiment, tmp_path / "whole")
    steps, step = [3, 8, 13], Trainer.train_step

    def stopping(self: Trainer) -> None:
        if steps and self.step == steps[0]:
            steps.pop(0)
            raise KeyboardInterrupt
        step(self)
        if self.step in (2, 11):
            self.save()

    monkeypatch.setattr(Trainer, "train_step", stopping)
    while True:
        try:
            train(experiment, tmp_path / "stopped")
            break
        except (KeyboardInterrupt, Interrupted):
            continue
    assert not steps
    assert_same_end(tmp_path / "stopped", tmp_path / "whole")


def test_torchs_global_random_state_is_left_to_the_training_step(tmp_path):
    split_of = image_experiment(tmp_path, "boxes")
    from jumok.dataset import prepare

    split = prepare(split_of, print).splits["train"]
    before = torch.get_rng_state()
    one, other = (split.batch([0, 1, 2], np.random.default_rng(5)) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(one.inputs["photo"].pixels, other.inputs["photo"].pixels)
    assert torch.equal(one.outputs["blocks"].boxes, other.outputs["blocks"].boxes)


def test_a_moved_run_still_knows_its_data(tmp_path):
    (tmp_path / "here").mkdir()
    changes = ("training.steps=4", "training.evaluate_every=2")
    train(image_experiment(tmp_path / "here", "boxes", *changes), tmp_path / "here" / "run")
    (tmp_path / "here").rename(tmp_path / "there")
    more = image_experiment(tmp_path / "there", "boxes", "training.steps=6", "training.evaluate_every=2")
    with pytest.raises(Exception, match="was trained with data") as caught:
        train(more, tmp_path / "there" / "run")
    assert "choose another folder" in str(caught.value)


REFUSED = {
    "a boxes output needs one input of kind image; there is none": {"inputs.photo": "{kind: text}"},
    "backbone 'resnet19'; did you mean": {"inputs.photo.encoder": "{backbone: resnet19, weights: none}"},
    "no feature level of stride 3": {
        "inputs.photo.encoder": "{backbone: resnet18, weights: none, strides: [3]}"
    },
    "annotations give images, boxes and masks": {"outputs": "{colours: {kind: text}}"},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_does_not_go_together_is_refused(tmp_path, sentence):
    changes = [f"{key}={value}" for key, value in REFUSED[sentence].items()]
    with pytest.raises(ConfigurationError, match=sentence):
        train(image_experiment(tmp_path, "boxes", *changes), tmp_path / "run")


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    predictor = load(run_of("boxes"))
    (tmp_path / "no.jpg").write_bytes(b"nothing of an image")
    for name, what in (("no.jpg", "no.jpg: is another kind of file"), ("x.jpg", "does not exist")):
        with pytest.raises(DataError, match=what):
            predictor.predict([tmp_path / name])
    with pytest.raises(DataError, match="must be the path of an image"):
        predictor.predict([3])
