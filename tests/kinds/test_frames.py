"""Frames: a direction that no single frame tells is learned, clips are batched, shown and saved."""

import json

import numpy as np
import pytest
import torch

from jumok.dataset import prepare
from jumok.errors import DataError
from jumok.experiment import read_experiment
from jumok.inspection.inspect import inspect_input
from jumok.predictor import load
from made_once import trained_once
from small_clips import FRAMES, SIDE, clip_experiment, draw_clip, trained_clips, write_clip_experiment


def test_a_direction_is_learned():
    run = trained_clips() / "run"
    metrics = json.loads((run / "evaluation.json").read_text())["metrics"]
    assert metrics["exact_match"]["value"] > 0.7  # chance is 0.25
    predictor = load(run)
    drawn = [draw_clip(seed) for seed in range(9000, 9040)]
    asked = [{"clip": [np.asarray(one) for one in moved.frames]} for moved in drawn]
    with pytest.raises(DataError, match="must be the path of a folder of frames, of a GIF or video"):
        predictor.predict(asked[:1])
    answers = predictor.predict([np.stack(one["clip"]) for one in asked])
    right = [answer.text == moved.direction for answer, moved in zip(answers, drawn, strict=True)]
    assert np.mean(right) > 0.7
    backwards = predictor.predict([moved.frames[::-1] for moved in drawn])
    assert np.mean([one.text == moved.direction for one, moved in zip(backwards, drawn, strict=True)]) < 0.2


def test_a_direction_is_learned_as_a_label_which_no_single_frame_tells():
    """By the recurrent encoder of time, where the text above has the Transformer."""
    run = trained_once("clips-label", labelled) / "run"
    assert json.loads((run / "evaluation.json").read_text())["metrics"]["accuracy"]["value"] > 0.7
    predictor, drawn = load(run), [draw_clip(seed) for seed in range(9000, 9040)]
    clips = {
        "forward": [moved.frames for moved in drawn],
        "still": [[moved.frames[2]] * FRAMES for moved in drawn],
        "backward": [moved.frames[::-1] for moved in drawn],
    }
    right = {
        name: np.mean(
            [one.text == moved.direction for one, moved in zip(predictor.predict(some), drawn, strict=True)]
        )
        for name, some in clips.items()
    }
    assert right["forward"] > 0.7 and right["still"] < 0.5 and right["backward"] < 0.2


def labelled(folder):
    """The clips, with a label that says where the square goes."""
    label = "outputs={direction: {kind: label}}"
    return clip_experiment(folder, "recurrent", label, "inputs.clip.augment={flip: none, colour: 0.1}")


def test_all_ways_to_give_a_clip_are_one(tmp_path):
    folder = trained_clips()
    predictor, frames = load(folder / "run"), draw_clip(5).frames
    for number, frame in enumerate(frames, start=1):
        frame.save(tmp_path / f"{number}.png")
    paths = [tmp_path / f"{number}.png" for number in range(1, FRAMES + 1)]
    pixels = np.stack([np.asarray(frame) for frame in frames])
    given = [tmp_path, str(tmp_path), paths, json.dumps([str(path) for path in paths]), frames, pixels]
    codec = predictor.inputs["clip"].codec
    column = codec.encode([codec.parse(one) for one in given])
    for i in range(1, len(given)):
        assert torch.equal(column[i].frames, column[0].frames)
        assert column[i].original == column[0].original == (SIDE, SIDE)


def test_a_batch_holds_the_frames_of_all_clips(tmp_path):
    experiment = clip_experiment(tmp_path, "recurrent", "inputs.clip.sampling=stride", "inputs.clip.every=2")
    split = prepare(experiment, str, splits=("train",)).splits["train"]
    batch = split.batch([6, 7])  # one is lower than the other
    assert batch.inputs["clip"].valid.tolist() == [[True] * 3] * 2
    images = batch.inputs["clip"].images
    assert images.pixels.shape == (6, 3, SIDE, SIDE)
    assert images.valid_size.tolist() == [[SIDE, SIDE]] * 3 + [[SIDE - 8, SIDE]] * 3
    assert split.lengths("clip").tolist() == [3] * len(split)
    assert split.inputs["clip"].summary == "up to 3 frames of 32 pixels"
    groups = split.inputs["clip"].batching.group(split.columns["clip"])
    assert groups[6] != groups[7] and groups[6] == groups[5]


def test_a_faulty_clip_stops_the_training_at_its_line(tmp_path):
    experiment = clip_experiment(tmp_path, "recurrent", "inputs.clip.frames=9")
    with pytest.raises(DataError, match=r"train.tsv:2: .* has 5 frames, and frames: 9 are asked for"):
        prepare(experiment, str)
    (tmp_path / "train.tsv").write_text("clip\tdirection\n\tup\n")
    with pytest.raises(DataError, match="train.tsv:2: column 'clip' is empty"):
        prepare(read_experiment(write_clip_experiment(tmp_path, "recurrent")), str)


def test_a_page_shows_the_frames_and_an_interval_for_each():
    folder = trained_clips()
    look = inspect_input(load(folder / "run"), str(folder / "train01.gif"))
    (shown,) = look.to_json()["inputs"]
    assert (shown["name"], shown["kind"]) == ("clip", "frames")
    assert (shown["width"], shown["height"]) == (SIDE, SIDE)
    assert len(shown["images"]) == 4 and all(
        one.startswith("data:image/png;base64,") for one in shown["images"]
    )
    assert shown["seconds"] == pytest.approx([0, 0.1, 0.3, 0.4])
    uses = {use["id"]: use for use in look.to_json()["attentions"]}
    axis = uses["direction.cross"]["keys"]
    assert axis == {
        "of": "input",
        "name": "clip",
        "kind": "intervals",
        "intervals": [[0, 1], [1, 2], [2, 3], [3, 4]],
        "channels": None,
        "unit": "frame",
    }
    assert uses["clip.encoder"]["keys"] == axis
    assert look.row("direction.cross", 0, 0).shape[-1] == 4


def test_a_text_that_a_page_sends_is_no_path_of_this_machine():
    page = load(trained_clips() / "run").inputs["clip"].page
    for value in ("/etc", ["/etc/a.png"], {"clip": "/etc"}):
        with pytest.raises(DataError, match="choose the number of an example"):
            page.parse_posted(value)


def augmented(folder, **options):
    """A clip of the training split without augmentation and with it, by the same random numbers."""
    said = ", ".join(f"{name}: {value}" for name, value in options.items())
    experiment = clip_experiment(folder, "recurrent", f"inputs.clip.augment={{{said}}}")
    split = prepare(experiment, str, splits=("train",)).splits["train"]
    examples = [{"clip": split.columns["clip"][i]} for i in (1, 7)]
    transform = split.inputs["clip"].transform
    return examples, transform, transform(examples, np.random.default_rng(3))


def test_all_frames_of_a_clip_are_augmented_alike(tmp_path):
    options = {"flip": "both", "scale": [0.7, 1.5], "crop": 0.8, "rotate": 20, "colour": 0.3}
    examples, transform, _ = augmented(tmp_path, **options)
    still = [
        {"clip": one["clip"]._replace(frames=one["clip"].frames[:1].repeat(4, 1, 1, 1))} for one in examples
    ]
    changed = transform(still, np.random.default_rng(3))
    for before, after in zip(still, changed, strict=True):
        frames = after["clip"].frames
        assert (frames == frames[:1]).all() and len(frames) == 4
        assert frames.shape != before["clip"].frames.shape or (frames != before["clip"].frames).any()
        assert after["clip"].original == before["clip"].original
        assert all(side <= most for side, most in zip(after["clip"].size, before["clip"].size, strict=True))
    again, other = (transform(still, np.random.default_rng(seed)) for seed in (3, 4))
    assert all(torch.equal(a["clip"].frames, b["clip"].frames) for a, b in zip(changed, again, strict=True))
    assert any(
        not torch.equal(a["clip"].frames, b["clip"].frames) for a, b in zip(changed, other, strict=True)
    )


def test_clips_are_augmented_in_training_alone(tmp_path):
    examples, transform, changed = augmented(tmp_path, flip="horizontal", colour=0)
    assert transform(examples, None) is examples
    mirrored = {seed: transform(examples, np.random.default_rng(seed)) for seed in range(8)}
    states = {
        (
            torch.equal(one["clip"].frames, before.frames),
            torch.equal(one["clip"].frames, before.frames.flip(-1)),
        )
        for changed in mirrored.values()
        for one, before in zip(changed, (one["clip"] for one in examples), strict=True)
    }
    assert states == {(True, False), (False, True)}
