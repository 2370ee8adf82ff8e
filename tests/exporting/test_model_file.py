"""README.md and model.py beside an export: without jumok and without torch they answer what jumok answers."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from exported_runs import RUNS, exported_once
from test_exported_gaps import placed
from test_to_onnx import exported as exported_onnx
from test_to_onnx import inputs_for

from blocked_imports import WITHOUT
from jumok.exporting.model_file import MODEL_PROGRAM, PARTS, joined_parts
from jumok.predictor import Predictor, load
from made_predictors import random_image
from small_gaps import SAMPLES

ASK = """
import json, model
values = json.load(open({file!r}))
json.dump(model.load().predict(values), open({answers!r}, "w"), default=lambda one: one.tolist())
"""
TRAINED = ("forecast", "clips", "photo", "signal")  # runs that are asked once they are exported


def program_of(folder: Path) -> str:
    """The program in the README of an exported model."""
    return (folder / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]


def run_alone(program: str, folder: Path, *arguments: str, given: str = "") -> str:
    """What a program writes that finds neither jumok nor torch, in the folder of an exported model."""
    call = [sys.executable, "-c", WITHOUT + program, *arguments]
    done = subprocess.run(call, input=given, capture_output=True, text=True, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers_alone(folder: Path, values: list[Any], scratch: Path) -> list[dict[str, Any]]:
    """The answers of model.py, in a process of its own."""
    file, answers = scratch / "values.json", scratch / "answers.json"
    file.write_text(json.dumps(values))
    run_alone(ASK.format(file=str(file), answers=str(answers)), folder)
    found: list[dict[str, Any]] = json.loads(answers.read_text())
    return found


def expected_answers(predictor: Predictor, values: list[Any]) -> list[dict[str, Any]]:
    """Those of jumok, as JSON."""
    return [
        {name: one.to_json() for name, one in prediction.outputs.items()}
        for prediction in predictor.predict(values)
    ]


def require_same(found: Any, expected: Any, tolerance: float) -> None:
    """All that is in both is the same, up to a tolerance of its numbers."""
    if isinstance(found, dict):
        assert found.keys() & expected.keys()
        for key in found.keys() & expected.keys():
            require_same(found[key], expected[key], tolerance)
    elif isinstance(found, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            require_same(one, other, tolerance)
    elif isinstance(found, float):
        assert found == pytest.approx(expected, rel=tolerance, abs=tolerance)
    else:
        assert found == expected


def test_texts_by_ctranslate2(exported, reversal, tmp_path):
    words, program = ["abc", "fedcba", "", "bad"], program_of(exported)
    expected = load(reversal / "run").predict(words)
    assert run_alone(program, exported, given="\n".join(words)).splitlines() == [one.text for one in expected]
    assert len(program.splitlines()) <= 10
    found = answers_alone(exported, words, tmp_path)
    require_same(found, expected_answers(load(exported), words), 1e-5)
    with pytest.raises(AssertionError, match="ValueError: a text has"):
        run_alone(program, exported, given="a" * 3000)


@pytest.mark.parametrize("name", ["transformer", "additive"])
def test_texts_by_onnx(name, tmp_path):
    both = exported_onnx(name)
    texts = [row["text"] for row in inputs_for(both.original)]
    program = program_of(both.folder)
    expected = both.original.predict(texts)
    found = run_alone(program, both.folder, given="\n".join(texts)).splitlines()
    assert found == [one.text for one in expected] and len(program.splitlines()) <= 10
    require_same(answers_alone(both.folder, texts, tmp_path), expected_answers(both.original, texts), 1e-4)


def test_boxes_masks_and_texts_of_images(tmp_path):
    model, paths = exported_once("boxes and a mask"), []
    for number, size in enumerate([(64, 40), (40, 64), (64, 64)]):
        paths.append(str(tmp_path / f"{number}.png"))
        random_image(*size).save(paths[-1])
    program, original = program_of(model), load(RUNS["boxes and a mask"]() / "run")
    assert len(run_alone(program, model, *paths).splitlines()) >= len(paths)
    assert len(program.splitlines()) <= 10
    for one, other in zip(answers_alone(model, paths, tmp_path), original.predict(paths), strict=True):
        same = np.array(one.pop("paint")["classes"]) == other["paint"].classes
        assert same.mean() > 0.999  # pixels whose classes are equally likely may fall on either side
        assert one.keys() == other.outputs.keys() - {"paint"}
        require_same(one, {name: other[name].to_json() for name in one}, 1e-3)


@pytest.mark.parametrize("name", TRAINED)
def test_trained_models(name, tmp_path):
    folder, model = RUNS[name](), exported_once(name)
    values = values_of(folder, name)
    predictor = load(folder / "run")
    found = answers_alone(model, values, tmp_path)
    require_same(found, expected_answers(predictor, values), 1e-4)
    program = program_of(model)
    several = len(predictor.inputs) > 1
    is_text = not several and next(iter(predictor.inputs.values())).kind == "text"
    lines = [json.dumps(one) if several else str(one) for one in values]
    given, arguments = ("\n".join(lines), []) if several or is_text else ("", lines)
    if name != "forecast":  # whose values are lists of numbers here, not files
        said = run_alone(program, model, *arguments, given=given).splitlines()
        assert len(said) == len(values) and len(program.splitlines()) <= 10


def values_of(folder: Path, name: str) -> list[Any]:
    """Some inputs of a run as model.py takes them."""
    if name in SAMPLES:
        rows = [json.loads(line) for line in (folder / "test.jsonl").read_text().splitlines()]
        return [placed(folder, SAMPLES[name][0], one) for one in rows]
    if name == "forecast":
        from small_forecasts import PAST, waves

        return [
            [[None if one != one else one for one in row] for row in waves(seed)[:PAST].tolist()]
            for seed in (3, 4)
        ]
    with (folder / "test.tsv").open(newline="") as file:
        first = [line.rstrip().split("\t")[0] for line in list(file)[1:]]
    if name != "clips":
        return first[:6]
    listed = [json.loads(one) for one in first if one.startswith("[")]
    return [folder_of(folder, frames) for frames in listed[:4]]


def folder_of(folder: Path, frames: list[str]) -> str:
    """A new folder of these frames, whose names say their order: 8.png comes before 10.png."""
    place = Path(tempfile.mkdtemp())
    for frame in frames:
        shutil.copy(folder / frame, place)
    return str(place)


def test_the_file_is_whole(tmp_path):
    for parts in PARTS.values():
        source = joined_parts(parts)
        compile(source, MODEL_PROGRAM, "exec")
        assert "jumok." not in source.split('"""', 2)[2]
