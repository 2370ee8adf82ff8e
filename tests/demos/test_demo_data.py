"""The data of the demos: what is tested was never trained on, and it is what the demo says."""

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from jumok.data.series.cells import read_series
from jumok.demos import gestures, numbers, pronounce, questions
from jumok.experiment import read_experiment


def rows(file):
    header, *lines = file.read_text(encoding="utf-8").splitlines()
    return header.split("\t"), [line.split("\t") for line in lines]


def test_numbers_are_split_without_overlap():
    parts = {name: set(values.tolist()) for name, values in numbers.split_numbers().items()}
    assert not parts["train"] & parts["test"]
    assert not parts["train"] & parts["valid"]
    assert not parts["valid"] & parts["test"]
    assert all(0 <= number < 2**20 for part in parts.values() for number in part)


def test_at_least_a_thousand_numbers_of_many_lengths_are_tested():
    test = numbers.split_numbers()["test"].tolist()
    assert len(set(test)) == len(test) >= 1000
    digits = Counter(len(str(number)) for number in test)
    assert all(digits[count] >= 20 for count in range(3, 8)), digits


def test_the_same_seed_gives_the_same_numbers():
    first, second = numbers.split_numbers(seed=3), numbers.split_numbers(seed=3)
    assert all((first[name] == second[name]).all() for name in first)
    assert (numbers.split_numbers(seed=4)["test"] != first["test"]).any()


@pytest.mark.parametrize("reverse", [False, True], ids=["to binary", "to decimal"])
def test_files_say_what_the_numbers_are(tmp_path, reverse):
    file = numbers.write(tmp_path, reverse)
    experiment = read_experiment(file)
    names, found = rows(tmp_path / "data" / "test.tsv")
    assert names == list(experiment.names) == (["binary", "decimal"] if reverse else ["decimal", "binary"])
    decimals = [row[names.index("decimal")] for row in found]
    binaries = [row[names.index("binary")] for row in found]
    assert [int(text) for text in decimals] == [int(text, 2) for text in binaries]
    assert sorted(map(int, decimals)) == sorted(numbers.split_numbers()["test"].tolist())


def test_writing_again_keeps_what_the_user_changed(tmp_path):
    file = numbers.write(tmp_path)
    file.write_text(file.read_text(encoding="utf-8") + "# mine\n", encoding="utf-8")
    assert numbers.write(tmp_path).read_text(encoding="utf-8").endswith("# mine\n")


def test_the_pronouncing_dictionary_is_there(tmp_path):
    experiment = read_experiment(pronounce.write(tmp_path))
    assert experiment.data.train.lexicon == pronounce.dictionary()
    source = experiment.data.train.build(experiment.inputs, experiment.outputs)
    found = dict(row.values for row, _ in zip(source.rows(), range(2000), strict=False))
    assert found["aardvark"] == "AA R D V AA R K"


def test_the_people_of_gestures_are_in_one_split_alone():
    people = [set(people) for people in gestures.PEOPLE.values()]
    assert sum(map(len, people)) == len(set.union(*people)) == 10
    found = {split: gestures.gesture_examples(split) for split in gestures.PEOPLE}
    for motion, exercise in found.values():
        assert (
            motion.shape[1:] == (gestures.EXAMPLE_SAMPLES, len(gestures.CHANNELS))
            and np.isfinite(motion).all()
        )
        assert set(exercise) == set(gestures.EXERCISES)
    train, test = ({one.tobytes() for one in found[split][0]} for split in ("train", "test"))
    assert not train & test


def test_gestures_are_read_as_they_are_written(tmp_path):
    experiment = read_experiment(gestures.write(tmp_path))
    assert tuple(experiment.inputs["motion"].channels) == gestures.CHANNELS
    source = experiment.data.test.build(experiment.inputs, experiment.outputs)
    rows = list(source.rows())
    motion, exercise = gestures.gesture_examples("test")
    assert [row.values[1] for row in rows] == exercise.tolist()
    read = read_series(rows[-1].values[0], source.root)
    assert np.array_equal(read.values, motion[-1])


def test_neither_a_scene_nor_a_question_alone_tells_the_colour():
    asked = [one for _, one in islice(questions.question_scenes("test"), 300)]
    for shape in questions.SHAPE_KINDS:
        shares = Counter(one.colour for one in asked if one.shape == shape)
        assert set(shares) == set(questions.PAINTS) and max(shares.values()) < 0.4 * shares.total()
    random = np.random.default_rng(0)
    for _ in range(20):
        shapes = questions.place_shapes(random)
        assert [one.shape for one in shapes] == list(questions.SHAPE_KINDS)
        assert len({one.colour for one in shapes}) == len(shapes)
        pixels = questions.paint_scene(shapes, random).astype(float)
        for one in shapes:
            x, y = (int(side) for side in one.place)
            named = min(
                questions.PAINTS, key=lambda name: np.abs(pixels[y, x] - questions.PAINTS[name]).sum()
            )
            assert named == one.colour


def test_questions_are_read_as_they_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(questions, "SCENES", {"train": 4, "valid": 2, "test": 3})
    experiment = read_experiment(questions.write(tmp_path))
    names, found = rows(tmp_path / "data" / "test.tsv")
    assert names == list(experiment.names) == ["scene", "question", "colour"]
    scenes = list(questions.question_scenes("test"))
    assert [row[1:] for row in found] == [
        [f"what colour is the {one.shape}?", one.colour] for _, one in scenes
    ]
    for (file, *_), (pixels, _) in zip(found, scenes, strict=True):
        assert np.array_equal(np.asarray(Image.open(tmp_path / "data" / file)), pixels)
