"""Transformers in CTranslate2: every kind of positions, activation, norm and embedding computes what torch computes."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.testing import assert_close

from jumok.exporting.to_ctranslate2 import write_ctranslate2
from jumok.kinds.text.field import TextTokens, text_input, text_output
from jumok.kinds.text.options import TextInput, TextOutput
from jumok.predictor import Predictor
from jumok.predictor.ctranslate2_engine import CTRANSLATE2_FILES, CTranslate2Engine
from jumok.predictor.exported import ExportDescription
from made_predictors import VOCABULARY, Fields, ModelOptions, build_model, made_predictor, transformer
from pairwise import pairwise

TEXTS = [
    "zwei katzen sehen den mond",
    "ein hund",
    "und zwei katzen sehen den mond über der stadt ein hund",
    "stadt",
]
SHAPES = pairwise(
    ("sinusoidal", "learned", "rotary"),
    ("relu", "gelu", "swiglu"),
    ("pre", "post"),
    ("tied", "own"),
    ("shared", "two"),
)
METHODS: dict[str, dict[str, Any]] = {"greedy": {"method": "greedy"}, "beam": {"beam": 1}}


def made(positions: str, activation: str, norm: str, output: str, embeddings: str) -> Predictor:
    """A Transformer of two layers and one of three, which differ in depth."""
    made = made_predictor(
        {"text": {"encoder": transformer(2)}},
        {"decoder": transformer(3)},
        positions=positions,
        activation=activation,
        norm=norm,
        tie=output == "tied",
    )
    if embeddings == "shared":
        return made
    read = text_input("text", TextInput(encoder=transformer(2)), TextTokens(VOCABULARY, "a", True, 300))
    said = text_output("said", TextOutput(decoder=transformer(3)), TextTokens(VOCABULARY, "b", True, 300))
    fields = Fields({"text": read}, {"said": said})
    options = ModelOptions(
        width=16, heads=2, positions=positions, activation=activation, norm=norm, tie=output == "tied"
    )
    return Predictor(build_model(fields, options), fields, made.decoding)


def engine(predictor: Predictor, folder: Path, quantize: str = "none") -> CTranslate2Engine:
    write_ctranslate2(
        folder / CTRANSLATE2_FILES, predictor.model, 64, None if quantize == "none" else quantize
    )
    description = ExportDescription("ctranslate2", quantize, "", {"text": {"max_length": 64}}, {"said": {}})
    return CTranslate2Engine(folder, description)


def batches(predictor: Predictor) -> tuple[dict[str, Any], Any]:
    """Sources, and texts that no search would write."""
    read, said = predictor.inputs["text"].codec, predictor.outputs["said"].codec
    written = said.collate(said.tokens(TEXTS[::-1]))
    return {"text": read.collate(read.tokens(TEXTS))}, written


@pytest.mark.parametrize("shape", SHAPES, ids="-".join)
def test_log_probabilities_are_those_of_torch(shape, tmp_path):
    predictor = made(*shape)
    batch, written = batches(predictor)
    with torch.inference_mode():
        expected = predictor.engine.token_log_probabilities("said", batch, written)
    found = engine(predictor, tmp_path).token_log_probabilities("said", batch, written)
    assert_close(found[written.valid], expected[written.valid], rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", SHAPES[::3], ids="-".join)
def test_answers_are_those_of_torch(shape, method, tmp_path):
    predictor = made(*shape)
    decoding = predictor.decoding.model_copy(update=METHODS[method])
    ours = predictor.with_options(decoding).predict(TEXTS)
    theirs = Predictor(None, predictor.fields, decoding, engine=engine(predictor, tmp_path)).predict(TEXTS)
    assert [one.text for one in theirs] == [one.text for one in ours]
    scores = ([one["said"].score for one in some] for some in (theirs, ours))
    assert_close(*map(torch.tensor, scores), rtol=2e-5, atol=2e-5)


def test_a_batch_equals_its_rows(tmp_path):
    predictor = made(*SHAPES[0])
    exported = Predictor(None, predictor.fields, predictor.decoding, engine=engine(predictor, tmp_path))
    alone = [exported.predict([text])[0].text for text in TEXTS]
    assert [one.text for one in exported.predict(TEXTS)] == alone


def test_several_answers_are_ranked_and_normalized(tmp_path):
    predictor = made(*SHAPES[0])
    decoding = predictor.decoding.model_copy(update={"beam": 4, "best": 3, "length_penalty": 0.5})
    exported = Predictor(None, predictor.fields, decoding, engine=engine(predictor, tmp_path))
    for one in exported.predict(TEXTS):
        scores = [one["said"].score, *(other.score for other in one["said"].alternatives)]
        assert len(scores) == 3 and scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("quantize", ["int8", "int16"])
def test_quantized_weights_are_smaller_and_near(quantize, tmp_path):
    predictor = made(*SHAPES[0])
    batch, written = batches(predictor)
    (tmp_path / "whole").mkdir()
    whole = engine(predictor, tmp_path / "whole").token_log_probabilities("said", batch, written)
    (tmp_path / "small").mkdir()
    small = engine(predictor, tmp_path / "small", quantize)
    sizes = [
        (tmp_path / name / CTRANSLATE2_FILES / "model.bin").stat().st_size for name in ("whole", "small")
    ]
    assert sizes[1] < 0.7 * sizes[0]
    apart = (small.token_log_probabilities("said", batch, written) - whole)[written.valid].abs()
    saturates = quantize == "int8" and not has_vnni()  # sums of int8 products overflow 16 bits there
    assert 0 < float(apart.max()) < (4 if saturates else 0.5)


def has_vnni() -> bool:
    """Whether oneDNN multiplies int8 without overflow here."""
    return os.environ.get("ONEDNN_MAX_CPU_ISA") != "AVX2" and torch.cpu._is_vnni_supported()
