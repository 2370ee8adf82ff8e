"""Models as programs of ONNX: at several sizes and batches they answer what the model itself answers."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import onnx
import pytest
import torch
from exported_runs import RUNS, exported_once

from jumok.errors import DataError
from jumok.exporting.differences import largest_differences
from jumok.exporting.export import describe_export
from jumok.exporting.onnx_export import calibration_batches, export_onnx
from jumok.exporting.quantizing import quantize_program
from jumok.exporting.target import ExportRequest
from jumok.kinds.catalogue import Fields
from jumok.kinds.presence import encode_inputs
from jumok.predictor import Predictor, load
from jumok.predictor.exported import read_description
from jumok.predictor.onnx_engine import OnnxEngine, Program
from jumok.predictor.program_inputs import pad_inputs
from made_once import made_once
from made_predictors import WORDS, made_predictor, random_image, recurrent, transformer

TEXTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # models with fresh weights: encoder and decoder
    "transformer": (transformer(1), transformer(2)),
    "additive": ({"kind": "lstm"}, recurrent("additive")),
}
IMAGES = {"dense": "blocks", "queries": "queries", "mask": "paint"}  # outputs of a run, in one program
SIZES = (
    (90, 100),
    (150, 60),
    (64, 64),
)  # of images: other shapes and batches than those it was exported with


class MadeSplit:
    """Examples that are made up, as an exporter asks a split for them."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows, self.inputs = rows, rows[0]

    def answers(self, most: int | None) -> tuple[list[int], None]:
        return list(range(len(self.rows)))[:most], None

    def value(self, name: str, example: int) -> Any:
        return self.rows[example][name]


class Both(NamedTuple):
    """A model and its export."""

    original: Predictor
    exported: Predictor
    folder: Path


def rows_for(predictor: Predictor, count: int = 4) -> list[dict[str, Any]]:
    words = WORDS.split()
    texts = [" ".join(words[: 2 + 2 * number]) for number in range(count)]
    images = [random_image(60 + 20 * number, 100) for number in range(count)]
    return [
        {
            name: (texts if field.kind == "text" else images)[number]
            for name, field in predictor.inputs.items()
        }
        for number in range(count)
    ]


def exported(name: str) -> Both:
    """A model of texts, or that of an output of images, exported once for all tests."""
    return exported_texts(name) if name in TEXTS else exported_images(IMAGES[name])


def exported_images(output: str) -> Both:
    """A trained run of which only this output is asked."""
    folder = exported_once("boxes and a mask")
    run, model = load(RUNS["boxes and a mask"]() / "run"), load(folder)
    first, second = (
        one.with_fields(Fields(one.fields.inputs, {output: one.outputs[output]})) for one in (run, model)
    )
    return Both(first, second, folder)


def exported_texts(name: str) -> Both:
    """A model with fresh weights."""
    encoder, decoder = TEXTS[name]
    predictor = made_predictor({"text": {"encoder": dict(encoder)}}, {"decoder": dict(decoder)})
    request = ExportRequest(Path("run"), predictor, None, "none", MadeSplit(rows_for(predictor)))  # type: ignore[arg-type]

    def write(folder: Path) -> None:
        describe_export(folder, "onnx", request, export_onnx(folder, request))
        for field in predictor.fields.all.values():
            field.codec.save(folder, torch.nn.Identity())

    folder = made_once(f"onnx-{name}", write)
    engine = OnnxEngine(folder, read_description(folder))
    other = Predictor(None, predictor.fields, predictor.decoding, engine=engine)
    return Both(predictor, other, folder)


def inputs_for(predictor: Predictor) -> list[dict[str, Any]]:
    """Rows of other lengths and sizes."""
    if "photo" in predictor.inputs:
        return [{"photo": random_image(*size)} for size in SIZES]
    words = WORDS.split()
    return [
        dict.fromkeys(predictor.inputs, " ".join(words[first:last]))
        for first, last in ((0, 3), (4, 5), (1, 11))
    ]


@pytest.mark.parametrize("name", (*TEXTS, *IMAGES))
def test_answers_and_numbers_are_those_of_torch(name):
    both = exported(name)
    rows = inputs_for(both.original)
    ours, theirs = both.original.predict(rows), both.exported.predict(rows)
    assert [one.text for one in theirs] == [one.text for one in ours]
    (largest,) = largest_differences(both.original, both.exported, rows, ours).values()
    assert largest.relative < 2e-5 and largest.examples == len(rows)
    alone = [both.exported.predict([row])[0].text for row in rows]
    assert alone == [one.text for one in theirs]


@pytest.mark.parametrize("name", ["transformer", "additive"])
@pytest.mark.parametrize(
    "changes", [{"method": "greedy"}, {"beam": 4, "best": 3}, {"method": "sample", "seed": 3}], ids=str
)
def test_every_search_is_that_of_the_run(name, changes):
    both = exported(name)
    decoding = both.original.decoding.model_copy(update=changes)
    rows = inputs_for(both.original)
    ours, theirs = (one.with_options(decoding).predict(rows) for one in (both.original, both.exported))
    for one, other in zip(ours, theirs, strict=True):
        texts = (
            [said.text, *(more.text for more in said.alternatives)] for said in (one["said"], other["said"])
        )
        first, second = texts
        assert first == second


def test_inputs_of_a_shape_that_it_does_not_take_are_refused():
    both = exported("dense")
    batch = both.original.collate(*columns_of(both.original))
    wrong = batch["photo"]._replace(pixels=batch["photo"].pixels[:, :2])
    with pytest.raises(DataError, match="does not take inputs of these shapes"):
        both.exported.engine.encode({"photo": wrong})


def columns_of(predictor: Predictor) -> tuple[Any, list[int]]:
    return encode_inputs(predictor.inputs, [predictor.parse_inputs(inputs_for(predictor)[0])]), [0]


def test_matrices_in_eight_bits_compute_nearly_the_same(tmp_path):
    both = exported("mask")
    folder = Path(shutil.copytree(both.folder, tmp_path / "small"))
    file, values = (
        folder / "onnx" / "model.onnx",
        [both.original.parse_inputs(row) for row in rows_for(both.original)],
    )
    engine = both.exported.engine
    pads = read_description(both.folder).programs["pad"]
    quantize_program(file, calibration_batches(both.original, values, pads))
    assert {one.name for one in file.parent.iterdir()} == {
        one.name for one in (both.folder / "onnx").iterdir()
    }
    large = [one for one in onnx.load(file).graph.initializer if len(one.dims) == 4]
    assert large and all(one.data_type == onnx.TensorProto.INT8 for one in large)
    batch = both.original.collate(*columns_of(both.original))
    small = Program(file)
    given = {f"photo.{name}": one for name, one in batch["photo"]._asdict().items()}
    found, expected = small(pad_inputs(given, pads))["paint"], engine.encode(batch).tensors["paint"]
    apart = (found - expected).abs().max() / expected.abs().max()
    assert 0 < float(apart) < 0.2


def test_no_second_file_holds_weights():
    for name, output in (("dense", "colours"), ("transformer", "said")):
        names = sorted(one.name for one in (exported(name).folder / "onnx").iterdir())
        assert names == sorted(["model.onnx", f"{output}.step.onnx"])
