"""A model of ONNX: inputs to arrays, arrays through its programs, and answers of what they compute."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jumok.exporting.beside.images import clip_arrays, image_arrays
from jumok.exporting.beside.numbers import label_answer, values_answer
from jumok.exporting.beside.regions import boxes_answer, mask_answer
from jumok.exporting.beside.searching import search
from jumok.exporting.beside.series import forecast_answer, series_arrays
from jumok.exporting.beside.texts import Texts

READERS = {"image": image_arrays, "frames": clip_arrays, "series": series_arrays}
NUMBERS = {"label": label_answer, "values": values_answer, "forecast": forecast_answer}
REGIONS = {"boxes": boxes_answer, "mask": mask_answer}  # of an image


def load(folder: str | Path | None = None) -> "Model":
    """The model of a folder; by default that of this file."""
    return Model(Path(folder or Path(__file__).parent))


class Model:
    """An exported model, in onnxruntime."""

    def __init__(self, folder: Path) -> None:
        self.about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        programs = self.about["programs"]
        self.inputs, self.outputs, self.pads = self.about["inputs"], self.about["outputs"], programs["pad"]
        self.encode = Program(folder / programs["encode"]["file"])
        self.steps = {name: Program(folder / one["file"]) for name, one in programs["steps"].items()}
        self.tensors = {name: one["tensors"] for name, one in programs["encode"]["outputs"].items()}
        self.partial = programs["encode"]["partial"]
        self.stand_ins = dict(np.load(folder / "stand_ins.npz")) if self.partial else {}
        fields = {**self.inputs, **self.outputs}
        self.texts = {
            name: Texts(folder, one["details"]) for name, one in fields.items() if one["kind"] == "text"
        }

    def predict(self, values: Sequence[Any]) -> list[dict[str, Any]]:
        """The answer to each input, by output; with several inputs each is an object with their names."""
        return [self.answer(value) for value in values]

    def answer(self, value: Any) -> dict[str, Any]:
        """The answer to one input."""
        named = value if isinstance(value, Mapping) else dict(zip(self.inputs, [value], strict=True))
        if all(isinstance(one, str) and not one.strip() for one in named.values()):
            return {name: {"text": ""} for name in self.outputs}
        given: dict[str, np.ndarray] = {}
        for name in self.inputs:
            given |= self.arrays(name, named.get(name))
        for name, axes in self.pads.items():
            for axis, multiple in axes.items():
                given[name] = padded(given[name], int(axis), multiple)
        found = self.encode(given)
        return {name: self.written(name, found, given) for name in self.outputs}

    def arrays(self, name: str, value: Any) -> dict[str, np.ndarray]:
        """The arrays of an input, like `photo.pixels`; where it is optional, also whether it is there."""
        lacking = value is None or (isinstance(value, str) and not value.strip())
        if lacking and name in self.partial:
            absent = {key: one for key, one in self.stand_ins.items() if key.startswith(f"{name}.")}
            return {**absent, f"{name}.present": np.array([False])}
        if value is None:
            raise ValueError(f"an input has no {name!r}; the model reads {', '.join(self.inputs)}")
        kind, details = self.inputs[name]["kind"], self.inputs[name]["details"]
        if kind == "text":
            numbers = np.array(
                [self.texts[name].numbers(value, self.inputs[name]["max_length"])], dtype=np.int64
            )
            made = {"values": numbers, "valid": np.ones(numbers.shape, dtype=bool)}
        else:
            made = READERS[kind](value, details)
        if name in self.partial:
            made["present"] = np.array([True])
        return {f"{name}.{path}": one for path, one in made.items()}

    def written(
        self, name: str, found: Mapping[str, np.ndarray], given: Mapping[str, np.ndarray]
    ) -> dict[str, Any]:
        """The answer of one output."""
        kind, details = self.outputs[name]["kind"], self.outputs[name]["details"]
        own = {path: found[key] for path, key in self.tensors[name].items()}
        if kind in NUMBERS:
            return NUMBERS[kind](own, details)
        if kind in REGIONS:
            prefix = details["image"]
            image = {key: given[f"{prefix}.{key}"] for key in ("valid_size", "original")}
            return REGIONS[kind](own, details, image)
        about = {**self.about["programs"]["steps"][name], **details}
        tokens, score = search(self.steps[name], own, about)
        return {"text": self.texts[name].text(tokens), "score": score}


class Program:
    """A file of ONNX."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        self.inputs = [one.name for one in self.session.get_inputs()]
        self.outputs = [one.name for one in self.session.get_outputs()]

    def __call__(self, given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The results by name; arrays that the program does not read are left out."""
        found = self.session.run(None, {name: given[name] for name in self.inputs})
        return dict(zip(self.outputs, found, strict=True))


def padded(array: np.ndarray, axis: int, multiple: int) -> np.ndarray:
    """Zeros at the end of an axis, up to a multiple."""
    widths = [(0, -length % multiple if i == axis else 0) for i, length in enumerate(array.shape)]
    return np.pad(array, widths)
