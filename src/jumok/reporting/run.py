"""report.html of a run: what was trained on what, how it went, how good it is, and what it says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jumok.errors import RunError
from jumok.evaluation import experiment_of, read_analysis, read_evaluation
from jumok.experiment.options import Experiment
from jumok.files import write_file_atomically
from jumok.predictor.saved import CONFIG
from jumok.reporting.numbers import metric_name, scale
from jumok.reporting.page import render
from jumok.reporting.plots import Line, Plot, svg

REPORT, ENVIRONMENT, LOG = "report.html", "environment.json", "metrics.jsonl"


@dataclass(frozen=True)
class Record:
    """What a run's files say."""

    path: Path
    experiment: Experiment
    config: str
    log: list[dict[str, Any]]
    evaluation: dict[str, Any]
    analysis: dict[str, Any]
    environment: dict[str, Any]

    def part(self, split: str) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl of the train or the valid part."""
        return [line for line in self.log if line["split"] == split]

    @property
    def chooses(self) -> str:
        """The metric that chose the best model."""
        return str(self.analysis["metric"])

    @property
    def seconds(self) -> float:
        """What training took, in all sessions together."""
        return float(self.part("train")[-1]["seconds"]) if self.part("train") else 0.0


def write_report(run: Path) -> Path:
    """Write report.html of a finished run; its path. RunError when the run is not finished."""
    record = read_record(run)
    write_file_atomically(run / REPORT, page(record).encode())
    return run / REPORT


def read_record(run: Path) -> Record:
    """The files of a finished run; RunError when it is none."""
    evaluation, analysis = read_evaluation(run), read_analysis(run)
    if evaluation is None or analysis is None:
        if not run.exists():
            raise RunError(f"{run}: there is no such run folder")
        raise RunError(f"{run} has no scores yet; finish it with `jumok train`, then `jumok evaluate {run}`")
    return Record(
        run,
        experiment_of(run),
        (run / CONFIG).read_text(encoding="utf-8"),
        [json.loads(line) for line in (run / LOG).read_text(encoding="utf-8").splitlines()],
        evaluation,
        analysis,
        _environment(run / ENVIRONMENT),
    )


def _environment(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def page(record: Record) -> str:
    inputs, outputs = list(record.experiment.inputs), list(record.experiment.outputs)
    bins = record.analysis["bins"]
    values = {
        "title": f"{', '.join(inputs)} → {', '.join(outputs)}",
        "record": record,
        "inputs": inputs,
        "parts": parts(record.experiment),
        "curves": svg(curves(record)),
        "lengths": svg([length_plot(record.analysis, [("score", bins)])]) if len(bins) > 2 else "",
        "metrics": metrics(record),
    }
    return render("run.html", values)


def metrics(record: Record) -> list[str]:
    """The metrics worth showing, the one that chose the model first."""
    names = set(record.analysis["headline"]) | {record.chooses}
    return sorted(
        (name for name in record.evaluation["metrics"] if name in names),
        key=lambda name: name != record.chooses,
    )


def parts(experiment: Experiment) -> list[tuple[str, str]]:
    """Each input's encoder and output's decoder with its options in words."""
    encoders = [(f"encoder of {n}", o.encoder) for n, o in experiment.inputs.items()]
    decoders = [(f"decoder of {n}", o.part) for n, o in experiment.outputs.items()]
    return [(name, in_words(options.model_dump(mode="json"))) for name, options in [*encoders, *decoders]]


def in_words(options: Mapping[str, Any]) -> str:
    rest = [f"{name.replace('_', ' ')} {value}" for name, value in options.items() if name != "kind"]
    return ", ".join([*([str(options["kind"])] if "kind" in options else []), *rest])


def curves(record: Record) -> list[Plot]:
    """The losses and the choosing metric over the steps."""
    valid, factor = record.part("valid"), scale(record.chooses)
    losses = [
        Line(name, *columns(record.part(part), "loss"))
        for name, part in (("train", "train"), ("valid", "valid"))
    ]
    steps, values = columns(valid, record.chooses)
    metric = Line("valid", steps, [factor[0] * value for value in values])
    return [
        Plot(losses, "step", "loss of a token (nats)", "Loss"),
        Plot(
            [metric],
            "step",
            metric_name(record.chooses) + factor[1],
            "Score on the valid part, greedy search",
        ),
    ]


def columns(lines: Sequence[Mapping[str, Any]], name: str) -> tuple[list[float], list[float]]:
    kept = [line for line in lines if line.get(name) is not None]
    return [line["step"] for line in kept], [line[name] for line in kept]


def length_plot(
    analysis: Mapping[str, Any], named: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]
) -> Plot:
    """The score against the length of the source, for one or several models."""
    factor, unit = scale(analysis["metric"])
    lines = [
        Line(
            name,
            [b["mean"] for b in bins],
            [factor * b["value"] for b in bins],
            [factor * b["low"] for b in bins],
            [factor * b["high"] for b in bins],
        )
        for name, bins in named
    ]
    top = 100.0 if unit and not analysis["metric"].endswith("error_rate") else None
    y = metric_name(analysis["metric"]) + unit
    return Plot(lines, "tokens of the source", y, "Score by length", top, from_zero=True)
