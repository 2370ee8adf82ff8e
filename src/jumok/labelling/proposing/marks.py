"""From the answers of a model to marks, by what a store holds."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp
from typing import Any, NamedTuple

import numpy as np

from jumok.errors import DataError, did_you_mean
from jumok.kinds.contract import OutputField
from jumok.labelling.contract import AnswerColumn, LabelStore
from jumok.labelling.masks.files import NO_CLASS, page_mask
from jumok.labelling.objects.marks import ObjectMark
from jumok.labelling.recordings.stretches import stretches_of
from jumok.wording import quantity

PROBABLE_CLASSES = 100  # whose probabilities are told, the most probable ones


Made = dict[str, Any]  # marks as JSON
Maker = Callable[
    ["Sequence[AnsweredPart]", Mapping[str, int]], Made
]  # of answers, and numbers of classes by name


class AnsweredPart(NamedTuple):
    """What a model answers to an item, or to a window of a recording."""

    values: Mapping[str, Any]  # of each output that is proposed
    start: int = 0  # the first row of the window
    end: int = 0  # the one after its last


@dataclass(frozen=True)
class MarksForm:
    """Makes marks of the answers of a model."""

    outputs: Mapping[str, OutputField]  # that marks are made of, by name
    store: LabelStore
    make: Maker
    is_of_classes: bool  # whether only classes of the store can be marked

    @property
    def unknown_classes(self) -> tuple[str, ...]:
        """The classes of the model that the store lacks, where these cannot be marked."""
        if not self.is_of_classes:
            return ()
        known = set(self.store.classes())
        found = (one.classes.classes for one in self.outputs.values() if one.classes is not None)
        return tuple(one.name for classes in found for one in classes if one.name not in known)

    def marks(self, parts: Sequence[AnsweredPart]) -> Made:
        """The marks of an item, of the answers to it, or to its windows."""
        return self.make(parts, {name: number for number, name in enumerate(self.store.classes())})


def proposed_objects(parts: Sequence[AnsweredPart], numbers: Mapping[str, int]) -> Made:
    """The boxes above the threshold of the model, the surest first; of classes that the store has."""
    (value,) = parts[0].values.values()
    return {
        "objects": [
            {**ObjectMark(None, one.name, one.box).to_json(), "score": one.score}
            for one in value.sure()
            if one.name in numbers
        ]
    }


def proposed_mask(parts: Sequence[AnsweredPart], numbers: Mapping[str, int]) -> Made:
    """The class of each pixel as PNG, not labelled where the store lacks it; None for an image without pixels."""
    (value,) = parts[0].values.values()
    if not value.classes.size:
        return {"mask": None}
    table = np.array([numbers.get(name, NO_CLASS) for name in value.names], dtype=np.uint8)
    return {"mask": page_mask(table[value.classes])}


def proposed_values(values: Mapping[str, Any], kinds: Mapping[str, str]) -> Made:
    """The cell of each column, None where nothing is answered; its score, and what else might stand there."""
    cells = {name: CELL_MAKERS[kinds[name]](name, value) for name, value in values.items()}
    return {
        "values": {name: cell.text for name, cell in cells.items()},
        "scores": {name: cell.score for name, cell in cells.items() if cell.score is not None},
        "others": {name: list(cell.others) for name, cell in cells.items() if cell.others},
    }


def proposed_stretches(parts: Sequence[AnsweredPart], numbers: Mapping[str, int]) -> Made:
    """The most probable class of each row by the mean of the windows that it is in, where the store has that class."""
    found = [tuple(part.values.values())[0].probabilities for part in parts]
    names = list(found[0])
    total = np.zeros((max(part.end for part in parts), len(names)))  # (T, C)
    for part, chances in zip(parts, found, strict=True):
        total[part.start : part.end] += [chances[name] for name in names]
    best = [names[number] for number in total.argmax(1)]
    return {"stretches": stretches_of([name if name in numbers else "" for name in best])}


@dataclass(frozen=True)
class ProposedCell:
    """What a cell might hold."""

    text: str | None
    score: float | dict[str, float] | None  # 0 to 1, of all of it or of each class
    others: Sequence[Mapping[str, Any]] = ()  # {"text", "score"}, the best first, or {"name", "low", "high"}


def label_cell(name: str, value: Any) -> ProposedCell:
    """One label, or several with semicolons between them; its score is the probability of each class."""
    if not value.probabilities:
        return ProposedCell(None, None)
    best = sorted(value.probabilities.items(), key=lambda one: -one[1])[:PROBABLE_CLASSES]
    chances = {label: round(chance, 4) for label, chance in best}
    if len(value.labels) == 1:
        return ProposedCell(value.labels[0], chances)
    plain = value.labels and not any(";" in label or label.startswith("[") for label in value.labels)
    text = "; ".join(value.labels) if plain else json.dumps(list(value.labels), ensure_ascii=False)
    return ProposedCell(text, chances)


def text_cell(name: str, value: Any) -> ProposedCell:
    """A text and its alternatives, each with the probability of a token (the exponential of its score)."""
    others = [
        {"text": one.text, "score": round(exp(min(0.0, one.score)), 4)}
        for one in (value, *value.alternatives)
    ]
    return ProposedCell(value.text or None, others[0]["score"], others)


def numbers_cell(name: str, value: Any) -> ProposedCell:
    """A number, or a list of several, and the interval of each."""
    others = [{"name": one, "low": low, "high": high} for one, low, high in value.intervals]
    if not value.values:
        return ProposedCell(None, None)
    if [one.name for one in value.values] == [name]:
        return ProposedCell(value.text, None, others)
    return ProposedCell(json.dumps([float(f"{one.value:.6g}") for one in value.values]), None, others)


CELL_MAKERS = {"label": label_cell, "text": text_cell, "values": numbers_cell}
FOUND_BY = {
    "objects": "boxes",
    "mask": "mask",
    "stretches": "label",
}  # kinds of outputs, by the marks they give
OF_CLASSES: dict[str, Maker] = {
    "objects": proposed_objects,
    "mask": proposed_mask,
    "stretches": proposed_stretches,
}


def marks_form(store: LabelStore, outputs: Mapping[str, OutputField], output: str | None) -> MarksForm:
    """What makes marks of the answers of a model.

    Args:
        store: The annotations.
        outputs: The outputs of the model.
        output: The one to take; None takes what fits.

    Returns:
        The form.

    Raises:
        DataError: None fits, or several do.
    """
    if output is not None and output not in outputs:
        raise DataError(f"the model has no output {output!r}{did_you_mean(output, outputs)}")
    named = {name: one for name, one in outputs.items() if output in (None, name)}
    if store.kind == "values":
        filled = filled_columns(store.columns, named)
        kinds = {name: one.kind for name, one in filled.items()}
        return MarksForm(filled, store, lambda parts, _: proposed_values(parts[0].values, kinds), False)
    fits = [name for name, one in named.items() if one.kind == FOUND_BY[store.kind]]
    if len(fits) != 1:
        wanted = f"{FOUND_BY[store.kind]} for {store.place}"
        raise DataError(
            f"the model has {quantity(len(fits), 'output')} that give {wanted} ({', '.join(fits)}); name one of them"
            if fits
            else f"the model gives no {wanted}: it answers {told_outputs(named)}; take a run that was trained on such "
            "annotations"
        )
    return MarksForm({fits[0]: named[fits[0]]}, store, OF_CLASSES[store.kind], True)


def filled_columns(
    columns: Sequence[AnswerColumn], outputs: Mapping[str, OutputField]
) -> dict[str, OutputField]:
    """The outputs of a model that fill columns of a table, by name; DataError if there are none."""
    kinds = {column.name: column.kind for column in columns}
    found = {name: one for name, one in outputs.items() if kinds.get(name) == one.kind}
    if not found:
        wanted = ", ".join(f"{name} ({kind})" for name, kind in kinds.items()) or "none"
        raise DataError(
            f"the model answers {told_outputs(outputs)}, and the columns to fill are {wanted}; take a run that was "
            "trained on this table"
        )
    return found


def told_outputs(outputs: Mapping[str, OutputField]) -> str:
    """Outputs with their kinds."""
    return ", ".join(f"{name} ({one.kind})" for name, one in outputs.items())
