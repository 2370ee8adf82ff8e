"""What model.json says of inputs and outputs: what is done before the model, and what after it."""

from collections.abc import Callable
from typing import Any, cast

from jumok.kinds.contract import InputField, OutputField
from jumok.losses.numbers import LEAST_LOG_DEVIATION
from jumok.predictor.predictor import Predictor
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
    """An input: its kind, what is done before the model, with which numbers, and how long it may be."""
    return {
        "kind": field.kind,
        "summary": field.summary,
        "optional": field.is_optional,
        "max_length": limit,
        "preprocessing": PREPROCESSING.get(field.kind, "as the kind does it"),
        "details": INPUT_DETAILS.get(field.kind, no_details)(field),
    }


def describe_output(field: OutputField, predictor: Predictor) -> dict[str, Any]:
    """An output: its kind, what is done after the model, and with which numbers."""
    details = OUTPUT_DETAILS.get(field.kind, no_details)(field)
    return {
        "kind": field.kind,
        "summary": field.summary,
        "postprocessing": POSTPROCESSING.get(field.kind, "as the kind does it"),
        "details": details | (search_details(field, predictor) if field.is_autoregressive else {}),
    }


def no_details(field: Any) -> dict[str, Any]:
    """Nothing, of kinds from elsewhere."""
    return {}


def text_details(field: Any) -> dict[str, Any]:
    """How a text is cut into tokens."""
    codec = field.codec
    return {
        "vocabulary": f"{field.name}.vocabulary.json",
        "backwards": codec.backwards,
        "jamo": codec.vocabulary.kind == "jamo",
    }


def search_details(field: OutputField, predictor: Predictor) -> dict[str, Any]:
    """How a text is searched for."""
    decoding, head = predictor.decoding, cast(Any, field.head)
    return {
        "beam": 1 if decoding.method == "greedy" else max(decoding.beam, decoding.best),
        "length_penalty": decoding.length_penalty,
        "max_tokens": min(predictor.max_tokens, head.max_tokens - 1),
    }


def frames_details(field: Any) -> dict[str, Any]:
    """How large frames are, and which are read."""
    options = field.codec.facts.options
    sampling = options.frame_sampling()
    chosen = {"sampling": sampling.how, "frames": sampling.frames, "every": sampling.every}
    return {"size": options.size, **chosen}


def series_details(field: Any) -> dict[str, Any]:
    """The channels, and what they are normalized by."""
    facts = field.codec.facts
    return {"channels": list(facts.channels), "center": list(facts.center), "scale": list(facts.scale)}


def label_details(field: Any) -> dict[str, Any]:
    """The classes, and how one or several are chosen."""
    about = field.head.about
    single = "one" if about.options.ordered is None else "ordered"
    return {
        "classes": list(about.names),
        "mode": "several" if about.options.several else single,
        "temperature": about.state.calibration.temperature,
        "thresholds": list(about.thresholds),
    }


def values_details(field: Any) -> dict[str, Any]:
    """The values with their units, and what widens their intervals."""
    about = field.head.about
    return {
        "names": list(about.names),
        "center": list(about.state.center),
        "scale": list(about.state.scale),
        "uncertainty": about.options.uncertainty,
        "interval": about.options.interval,
        "least_log_deviation": LEAST_LOG_DEVIATION,
        "calibration": about.state.calibration and list(about.state.calibration),
    }


def forecast_details(field: Any) -> dict[str, Any]:
    """The channels, what turns the numbers of the program into their units, and what these numbers are."""
    about = field.head.about
    units, options = about if about.past is None else about.past, about.options
    return {
        "channels": list(about.channels),
        "factor": units.scale.tolist(),
        "shift": units.center.tolist(),
        "quantiles": list(options.quantiles),
        "is_median": options.loss == "quantile",
        "middle": options.middle,
    }


def boxes_details(field: Any) -> dict[str, Any]:
    """The classes, the image, and which boxes are shown."""
    about = field.head.about
    return {
        "classes": list(about.names),
        "image": about.image,
        "dense": about.options.head.queries is None,
        "threshold": about.showing.threshold,
        "nested": about.showing.nested,
    }


def mask_details(field: Any) -> dict[str, Any]:
    """The classes and the image."""
    about = field.head.about
    return {"classes": list(about.names), "image": about.image}


INPUT_DETAILS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "text": text_details,
    "image": lambda field: {"size": field.codec.about.options.size},
    "frames": frames_details,
    "series": series_details,
}
OUTPUT_DETAILS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "text": text_details,
    "label": label_details,
    "values": values_details,
    "forecast": forecast_details,
    "boxes": boxes_details,
    "mask": mask_details,
}
