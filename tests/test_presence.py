"""Rows that lack an input: nothing of what is missing reaches an answer, and what is there is read as ever."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from jumok.errors import ConfigurationError, DataError
from jumok.experiment import read_experiment
from jumok.inspection.inspect import inspect_input
from jumok.kinds.catalogue import Fields
from jumok.kinds.contract import DecodingRequest
from jumok.kinds.presence import encode_inputs
from jumok.predictor import Predictor
from jumok.values import Memories, PartialBatch
from made_predictors import CONVOLUTIONS, SENTENCE, made_predictor, random_image, recurrent, transformer

TEXTS = {"one": {"encoder": transformer(1)}, "two": {"encoder": {"kind": "gru"}}}
CAPTION = {"photo": CONVOLUTIONS, "note": {"encoder": transformer(1)}}
MODELS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "texts": (TEXTS, {"decoder": transformer(1)}),
    "additive": (TEXTS, {"decoder": recurrent("additive")}),
    "bottleneck": (TEXTS, {"decoder": recurrent("none")}),
    "caption": (CAPTION, {"decoder": transformer(1)}),
    "dense": (CAPTION, {"kind": "boxes"}),
    "queries": (CAPTION, {"kind": "boxes", "head": {"kind": "query", "queries": 7, "layers": 2}}),
    "mask": (CAPTION, {"kind": "mask", "decoder": {"width": 8}}),
}
WHOLE = {"one": SENTENCE, "two": "ein hund", "note": "zwei katzen"}
each_model = pytest.mark.parametrize("name", MODELS)


def predictor_of(name: str, optional: bool = True) -> Predictor:
    inputs, output = MODELS[name]
    return with_gaps(made_predictor({one: dict(given) for one, given in inputs.items()}, output), optional)


def with_gaps(made: Predictor, optional: bool = True) -> Predictor:
    """The same predictor whose rows may lack all inputs but images that answers are places in."""
    for modulation in made.model.modulations.values():
        for weight in modulation.parameters():
            torch.nn.init.normal_(weight)
    images = {field.image for field in made.outputs.values()}
    fields = {n: replace(f, is_optional=optional and n not in images) for n, f in made.inputs.items()}
    return Predictor(made.model, Fields(fields, made.outputs), made.decoding)


optional_of = cache(predictor_of)


def rows_of(predictor: Predictor) -> list[dict[str, Any]]:
    """A whole row, one without each input that may be missing, and a whole one."""
    photo = random_image(64, 64)
    whole = {name: WHOLE.get(name, photo) for name in predictor.inputs}
    without = [
        {name: value for name, value in whole.items() if name != missing}
        for missing, field in predictor.inputs.items()
        if field.is_optional
    ]
    return [whole, *without, whole]


def batch_of(predictor: Predictor, rows: list[dict[str, Any]]) -> dict[str, Any]:
    columns = encode_inputs(predictor.inputs, [predictor.parse_inputs(row) for row in rows])
    return predictor.collate(columns, range(len(rows)))


@torch.no_grad()
def answers(predictor: Predictor, memories: Memories, batch: dict[str, Any], count: int) -> list[Any]:
    (field,) = predictor.outputs.values()
    asked = DecodingRequest(predictor.search, 9, range(count), 0.0)
    decoder = predictor.model.decoders[field.name]
    return [one.to_json() for one in field.head.predict(decoder, memories, batch, asked)]


@each_model
@torch.no_grad()
def test_what_stands_in_the_place_of_a_missing_input_changes_nothing(name):
    predictor = optional_of(name)
    rows = rows_of(predictor)
    batch = batch_of(predictor, rows)
    memories = predictor.model.encode(batch)
    assert memories.present
    changed = dict(memories.parts)
    for missing, present in memories.present.items():
        part = changed[missing]
        assert not part.valid[~present].any()
        states, summary = part.states.clone(), part.summary.clone()
        states[~present], summary[~present] = 1e3 * torch.randn(states.shape[1:]), -77.0
        changed[missing] = part._replace(states=states, summary=summary)
    other = predictor.model._modulate(Memories(changed, memories.present))
    assert answers(predictor, other, batch, len(rows)) == answers(predictor, memories, batch, len(rows))


@each_model
@torch.no_grad()
def test_a_batch_with_mixed_presence_equals_its_rows(name):
    predictor = predictor_of(name)
    predictor.model.double()
    rows = rows_of(predictor)
    memories = predictor.model.encode(batch_of(predictor, rows))
    (image,) = {field.image for field in predictor.outputs.values()}
    for i, row in enumerate(rows):
        alone = predictor.model.encode(batch_of(predictor, [row]))
        assert set(alone.parts) == set(row)
        if image is not None:
            together, single = memories.of(image), alone.of(image)
            assert_close(
                [one[i] for one in together.pyramid.levels], [one[0] for one in single.pyramid.levels]
            )
        else:
            together, single = memories.joined, alone.joined
            assert_close(together.summary[i], single.summary[0])
        assert_close(together.states[i][together.valid[i]], single.states[0][single.valid[0]])


@each_model
def test_a_row_with_all_inputs_is_answered_as_without_optional(name):
    predictor, strict = optional_of(name), predictor_of(name, optional=False)
    strict.model.load_state_dict(predictor.model.state_dict())
    whole = rows_of(predictor)[0]
    batch = batch_of(predictor, [whole, whole])
    assert not any(isinstance(one, PartialBatch) for one in batch.values())
    said, expected = (
        [one.outputs["said"].to_json() for one in p.predict([whole, whole])] for p in (predictor, strict)
    )
    assert said == expected


def test_missing_none_and_empty_are_the_same():
    predictor = optional_of("texts")
    rows = [{"one": SENTENCE}, {"one": SENTENCE, "two": None}, {"one": SENTENCE, "two": " "}]
    first, *others = (answer.text for answer in predictor.predict(rows))
    assert first and others == [first, first]
    with pytest.raises(DataError, match="has no 'two'; did you mean 'tow'"):
        predictor.predict([{"one": SENTENCE, "tow": "ein hund"}])
    with pytest.raises(DataError, match="must be a text; got None"):
        predictor_of("texts", optional=False).predict([rows[1]])


def test_a_row_without_any_input_has_an_empty_answer():
    assert optional_of("texts").predict([{"one": "", "two": None}])[0].text == ""
    with pytest.raises(DataError, match="the input is empty"):
        inspect_input(optional_of("texts"), {"two": None})


def test_a_look_shows_a_missing_input_as_absent():
    look = inspect_input(optional_of("texts"), {"one": SENTENCE, "two": None})
    document = look.to_json()
    assert [one.get("absent", False) for one in document["inputs"]] == [False, True]
    assert [one["id"] for one in document["attentions"]] == ["one.encoder", "said.decoder", "said.cross"]
    whole = inspect_input(optional_of("texts"), {"one": SENTENCE, "two": "ein hund"})
    assert {"said.cross.one", "said.cross.two"} <= set(whole.uses)


@each_model
def test_a_look_runs_each_encoder_once(name):
    predictor, calls = optional_of(name), []
    hooks = [
        encoder.register_forward_pre_hook(lambda *_, part=part: calls.append(part))
        for part, encoder in predictor.model.encoders.items()
    ]
    try:
        inspect_input(predictor, rows_of(predictor)[0])
    finally:
        for hook in hooks:
            hook.remove()
    assert calls == list(predictor.inputs)


def options_of(**changes: Any) -> dict[str, Any]:
    return {
        "inputs": {"photo": {"kind": "image"}, "note": {"kind": "text", "optional": True}},
        "outputs": {"said": {"kind": "text"}},
        "data": {"train": {"table": "t.jsonl"}, "split": {"valid": 0.5}},
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        (
            {
                "inputs": {"photo": {"kind": "image", "optional": True}},
                "outputs": {"cells": {"kind": "boxes"}},
                "data": {"train": {"coco": "t.json"}, "split": {"valid": 0.5}},
            },
            "cells is found in this image, so no row may lack it",
        ),
        ({"training": {"shard": True}}, "note is optional; train without shard"),
    ],
)
def test_what_cannot_be_optional_is_refused(tmp_path, changes, place):
    file = tmp_path / "x.yaml"
    file.write_text(json.dumps(options_of(**changes)))
    with pytest.raises(ConfigurationError, match=place):
        read_experiment(file)
