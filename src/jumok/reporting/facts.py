"""Facts of a report: the parts of the model, the length of the training, its times."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from jumok.choices import OWN_BACKBONE
from jumok.reporting.numbers import count, duration, format_size, format_speed, span
from jumok.wording import quantity

if TYPE_CHECKING:
    from pydantic import BaseModel

    from jumok.reporting.run import FinishedRun

Fact = tuple[str, str]
PRETRAINED = ("weights", "frozen_norm")  # options of backbones that come with weights


def facts(record: "FinishedRun") -> list[Fact]:
    """What was trained, and how fast it trains and predicts."""
    return [*model_facts(record), *of_environment(record), *of_training(record), *of_answering(record)]


def model_facts(record: "FinishedRun") -> Iterator[Fact]:
    """Each input with its encoder and each output with its decoder."""
    fields = record.environment.get("fields", {})
    inputs, outputs = record.experiment.inputs, record.experiment.outputs
    encoders = [("input", "encoder", name, options) for name, options in inputs.items()]
    decoders = [("output", "decoder", name, options) for name, options in outputs.items()]
    for side, part, name, options in (*encoders, *decoders):
        words = f"{part}: {options_in_words(options.part)}"
        yield f"{side} {name}", f"{fields[name]}; {words}" if name in fields else words


def options_in_words(options: "BaseModel") -> str:
    """Options as text, without those that are off or do not apply."""
    kept = {name: value for name, value in options.model_dump(mode="json").items() if value}
    if kept.get("backbone") == OWN_BACKBONE:
        kept = {name: value for name, value in kept.items() if name not in PRETRAINED}
    rest = [phrase(name, value) for name, value in kept.items() if name != "kind"]
    return ", ".join([*([str(kept["kind"])] if "kind" in kept else []), *rest])


def phrase(name: str, value: Any) -> str:
    """One option as text: "pretrained weights", "layers 2"."""
    known = {("weights", "default"): "pretrained weights", ("weights", "none"): "weights from scratch"}
    plain = name.replace("_", " ")
    if isinstance(value, list):
        value = " ".join(map(str, value))
    return known.get((name, str(value)), plain if value is True else f"{plain} {value}")


def of_environment(record: "FinishedRun") -> Iterator[Fact]:
    """The size of model and data."""
    about = record.environment
    if not about:
        return
    yield "size", f"{format_size(about['parameters'])} parameters, width {record.experiment.model.width}"
    yield "examples", ", ".join(f"{count(number)} {part}" for part, number in about["examples"].items())


def of_training(record: "FinishedRun") -> Iterator[Fact]:
    """How long the training took, when it was, and how fast."""
    last, about = record.last, record.environment
    if last:
        epochs = f"{float(last.get('epoch') or 0):.1f} epochs"
        precision = record.experiment.training.precision
        yield (
            "training",
            f"{count(last['step'])} steps ({epochs}) in {precision}, {duration(record.seconds)} of steps",
        )
    learned = {name: last[f"{name}.weight"] for name in record.experiment.outputs if f"{name}.weight" in last}
    if learned:
        yield "loss weights, learned", ", ".join(f"{name} {value:.2f}" for name, value in learned.items())
    if times := span(about.get("began") or about.get("date"), about.get("ended")):
        sessions = about.get("sessions", 1)
        yield "trained", times + (f", in {quantity(sessions, 'session')}" if sessions > 1 else "")
    if pace := learned_per_second(record):
        yield "training speed", f"{format_speed(pace)} examples a second, each read and learned from"


def learned_per_second(record: "FinishedRun") -> float | None:
    """Training examples per second of training steps."""
    examples = record.environment.get("examples", {}).get("train")
    epochs = record.last.get("epoch")
    if not (examples and epochs and record.seconds):
        return None
    return float(examples * epochs / record.seconds)


def of_answering(record: "FinishedRun") -> Iterator[Fact]:
    """When the model was scored, and how fast it predicts."""
    if times := span(record.analysis.get("began"), record.analysis.get("ended")):
        yield "scored", times
    pace = f"{format_speed(record.analysis['examples_per_second'])} examples a second"
    yield "prediction speed", f"{pace}, answered {search(record)}"


def search(record: "FinishedRun") -> str:
    """How the run searches for its answers, in words."""
    if not record.writes:
        return "in batches"
    decoding = record.experiment.decoding
    return f"by {decoding.method} search" + (f" of {decoding.beam}" if decoding.method == "beam" else "")
