"""Exported to ONNX, models answer rows that lack an optional input as the run answers them."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from exported_runs import exported_once, proof_of
from test_to_onnx import MadeSplit

from jumok.errors import DataError
from jumok.exporting.differences import largest_differences
from jumok.exporting.export import describe_export
from jumok.exporting.onnx_export import export_onnx
from jumok.exporting.target import ExportRequest
from jumok.kinds.catalogue import Fields
from jumok.predictor import Predictor, load
from jumok.predictor.exported import ExportDescription, read_description
from jumok.predictor.onnx_engine import OnnxEngine
from made_once import made_once
from made_predictors import made_with_outputs
from small_gaps import SAMPLES, trained_gaps
from test_presence import MODELS, rows_of, with_gaps

GROUPS = {  # models of test_presence with the same inputs and optional ones, which are exported as one
    "texts": ("texts", "additive", "bottleneck"),
    "caption": ("caption",),
    "regions": ("dense", "queries", "mask"),
}


@cache
def optional_of(group: str) -> Predictor:
    """One model with the outputs of several, all of whose rows may lack an input, and with fresh weights."""
    names = GROUPS[group]
    inputs, _ = MODELS[names[0]]
    outputs = {name: MODELS[name][1] for name in names}
    return with_gaps(made_with_outputs({name: dict(given) for name, given in inputs.items()}, outputs))


def exported(group: str) -> Path:
    """Such a model in ONNX, written once for all tests; no example has all inputs where one may be missing."""
    predictor = optional_of(group)

    def write(folder: Path) -> None:
        rows = [{**dict.fromkeys(predictor.inputs), **row} for row in rows_of(predictor)[1:3]]
        request = ExportRequest(Path("run"), predictor, None, "none", MadeSplit(rows))  # type: ignore[arg-type]
        describe_export(folder, "onnx", request, export_onnx(folder, request))

    return made_once(f"onnx-presence-{group}", write)


def in_onnxruntime(predictor: Predictor, folder: Path, description: ExportDescription) -> Predictor:
    """The same predictor with an exported model as its engine."""
    engine = OnnxEngine(folder, description)
    return Predictor(None, predictor.fields, predictor.decoding, engine=engine)


@pytest.mark.parametrize(("group", "name"), [(group, name) for group in GROUPS for name in GROUPS[group]])
def test_rows_that_lack_an_input_are_answered_as_in_torch(group, name):
    whole, folder = optional_of(group), exported(group)
    ours = whole.with_fields(Fields(whole.fields.inputs, {name: whole.outputs[name]}))
    theirs, rows = in_onnxruntime(ours, folder, read_description(folder)), rows_of(ours)
    for some in (rows, rows[1:2], rows[:1], rows[1:-1]):
        expected = ours.predict(some)
        assert [one.text for one in theirs.predict(some)] == [one.text for one in expected]
        (largest,) = largest_differences(ours, theirs, some, expected).values()
        assert largest.relative < 2e-5 and largest.examples == len(some)


def test_an_input_that_every_row_needs_is_named():
    predictor, folder = optional_of("texts"), exported("texts")
    description = read_description(folder)
    encode = {**description.programs["encode"], "partial": ["one"]}
    strict = replace(description, programs={**description.programs, "encode": encode})
    with pytest.raises(DataError, match="this exported model needs two"):
        in_onnxruntime(predictor, folder, strict).without("two").predict(rows_of(predictor)[:1])


@pytest.mark.parametrize("name", SAMPLES)
def test_the_proof_covers_rows_with_and_without(name):
    run, model, proof = trained_gaps(name) / "run", exported_once(name), proof_of(name)
    assert proof["holds"] and proof["outputs"]["answer"]["identical"] == 1
    rows = [json.loads(line) for line in (run.parent / "test.jsonl").read_text().splitlines()]
    (needed, optional), lacking = SAMPLES[name], [one for one in rows if one[SAMPLES[name][1]] is None]
    assert proof["examples"] == len(rows) and 0 < len(lacking) < len(rows)
    ours, theirs = load(run), load(model)
    values = [placed(run.parent, needed, one) for one in rows]
    for some in (values, [one for one in values if one[optional] is None]):
        for one, other in zip(theirs.predict(some), ours.predict(some), strict=True):
            assert one["answer"].labels == other["answer"].labels
            assert one["answer"].probabilities == pytest.approx(other["answer"].probabilities, abs=1e-5)


def placed(folder: Path, needed: str, row: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a row; a path is that of the file."""
    inputs = {name: value for name, value in row.items() if name != "answer"}
    return {**inputs, needed: str(folder / inputs[needed])}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_commands_take_such_rows(name, tmp_path, jumok):
    folder, model = trained_gaps(name), exported_once(name)
    ours, theirs = (json.loads(jumok("evaluate", one, "--json").output) for one in (folder / "run", model))
    assert ours.pop("inputs").keys() == set(SAMPLES[name])  # what hiding each costs is measured on the run
    for metric, value in theirs["metrics"].items():
        assert value == pytest.approx(ours["metrics"][metric], abs=1e-4)
    refused = jumok("evaluate", model, "--hide", "note")
    assert refused.status != 0 and "note cannot be hidden: it is an exported model" in refused.talk
    rows = [json.loads(line) for line in (folder / "test.jsonl").read_text().splitlines()]
    given = tmp_path / "inputs.jsonl"
    given.write_text("".join(json.dumps(placed(folder, SAMPLES[name][0], one)) + "\n" for one in rows))
    answers = [jumok("predict", one, "--file", given).output for one in (folder / "run", model)]
    assert answers[0] == answers[1] and len(answers[0].splitlines()) == len(rows)
