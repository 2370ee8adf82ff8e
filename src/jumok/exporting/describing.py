"""What model.json says of inputs and outputs: what is done before the model, and what after it."""

from typing import Any

from jumok.kinds.contract import InputField, OutputField
from jumok.runs.layout import CONFIG

PREPROCESSING = {
    "text": "Unicode NFC without blanks at the ends; token numbers by NAME.vocabulary.json (a tokenizer of the package "
    "tokenizers), from the right where the direction is so; then 3, the end mark",
    "image": f"RGB in bytes, scaled as {CONFIG} says, in the upper left corner of a canvas of zeros; the height and "
    "width of the part that is image beside it",
    "series": "each channel minus its mean, divided by its deviation, as NAME.series.json says; zeros where nothing "
    "was measured",
    "frames": "frames of a clip as images, one after the other, and which of them are there",
}
POSTPROCESSING = {
    "text": "tokens are searched for from 2, the begin mark, to 3, the end mark; 0, 1 and 2 are never written; the "
    "text of their numbers by NAME.vocabulary.json",
    "boxes": "scores of cells or queries, boxes as corners in pixels of the canvas; dense boxes are thinned by "
    "non-maximum suppression of each class",
    "mask": "logits of each class and pixel of the canvas; the part that is image is scaled to the original size, "
    "then the highest one is taken",
    "label": "logits of the classes in NAME.label.json, whose probabilities are tempered as it says",
    "values": "numbers of the standardized values, scaled back as NAME.values.json says",
    "forecast": "numbers (steps, channels, quantiles) in units of the standardized past",
}


def describe_input(field: InputField, limit: int | None) -> dict[str, Any]:
    """An input: its kind, what is done before the model, and how long it may be."""
    return {
        "kind": field.kind,
        "summary": field.summary,
        "optional": field.is_optional,
        "max_length": limit,
        "preprocessing": PREPROCESSING.get(field.kind, "as the kind does it"),
    }


def describe_output(field: OutputField) -> dict[str, Any]:
    """An output: its kind, and what is done after the model."""
    return {
        "kind": field.kind,
        "summary": field.summary,
        "postprocessing": POSTPROCESSING.get(field.kind, "as the kind does it"),
    }
