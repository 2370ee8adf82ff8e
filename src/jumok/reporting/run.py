"""report.html of a run: what was trained on what, how it went, how good it is, and what it says."""

import base64
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
UNTOLD: dict[str, Any] = {"counted": "token", "details": [], "pictures": {}}  # by the analyses of older runs
PICTURED = {"worst": 6, "best": 4, "typical": 6}  # examples shown, where they have pictures
WRITTEN = {"worst": 8, "best": 4, "typical": 8}  # and where they have none


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
        {**UNTOLD, **analysis},
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
        "by_class": by_class(record.evaluation["metrics"]),
        "examples": examples(record),
    }
    return render("run.html", values)


def metrics(record: Record) -> list[str]:
    """The metrics worth showing, the one that chose the model first; those of single classes have their own table."""
    names = set(record.analysis["headline"]) | {record.chooses}
    return sorted(
        (name for name in record.evaluation["metrics"] if name in names and "/" not in name),
        key=lambda name: name != record.chooses,
    )


def by_class(scores: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, Mapping[str, float]]]:
    """The scores of single classes: those of each class by metric."""
    found: dict[str, dict[str, Mapping[str, float]]] = {}
    for name, interval in scores.items():
        metric, _, of = name.partition("/")
        if of:
            found.setdefault(of, {})[metric] = interval
    return found


def examples(record: Record) -> dict[str, list[dict[str, Any]]]:
    """The examples to show, each with its picture as an address of its own, where there is one."""
    files: dict[str, str] = record.analysis["pictures"]
    most = PICTURED if files else WRITTEN
    return {
        part: [
            {**item, "picture": address(record.path, files, item)} for item in record.analysis[part][:many]
        ]
        for part, many in most.items()
    }


def address(run: Path, files: Mapping[str, str], item: Mapping[str, Any]) -> str | None:
    """The picture of an example as a data address; None where it has none, or its file is gone."""
    file = files.get(str(item.get("example")))
    if file is None or not (run / file).is_file():
        return None
    return "data:image/jpeg;base64," + base64.b64encode((run / file).read_bytes()).decode()


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
        Plot(losses, "step", loss_name(record.analysis["counted"]), "Loss"),
        Plot([metric], "step", metric_name(record.chooses) + factor[1], curve_title(record.analysis)),
    ]


def loss_name(counted: str) -> str:
    """What the axis of losses says; those of tokens are logarithms of probabilities, others sums of several things."""
    return "loss of a token (nats)" if counted == "token" else f"mean loss of one {counted}"


def curve_title(analysis: Mapping[str, Any]) -> str:
    return "Score on the valid part" + (", greedy search" if analysis["counted"] == "token" else "")


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
