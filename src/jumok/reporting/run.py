"""report.html of a run: data, training, scores and examples."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired

from typing_extensions import TypedDict

from jumok.errors import RunError
from jumok.evaluation.stored import SEVERAL, read_stored
from jumok.experiment.labelled import labelled_split
from jumok.files import read_whole, write_file_atomically
from jumok.reporting.baselines import baseline_rows, baseline_sentences, baselines_of_output
from jumok.reporting.facts import facts
from jumok.reporting.inputs import INPUT_COLUMNS, SURPRISED, input_rows
from jumok.reporting.label_links import label_command, link_to
from jumok.reporting.numbers import format_score, metric_name, scale
from jumok.reporting.page import render
from jumok.reporting.plots import Curve, Plot, svg
from jumok.runs.config import read_config
from jumok.runs.layout import RunLayout, config_file, require_run
from jumok.runs.log import read_log
from jumok.wording import from_to

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

DEFAULTS_FOR_OLD_RUNS: dict[str, Any] = {  # by the analyses of older runs
    "counted": "token",
    "details": [],
    "images": {},
    "support": {},
    "supported": "objects",
    "remarks": [],
    "looked_at": 0,
}
FEW_EXAMPLES = 20  # objects or examples, below which a score says little
WITH_IMAGES = {"worst": 6, "best": 4, "typical": 6}  # examples shown, where they have images
TEXT_ONLY = {"worst": 8, "best": 4, "typical": 8}  # and where they have none
FEW_DOUBTS = 4  # places of one row that may be wrong, shown
CARDS = 4  # scores on top


class Environment(TypedDict):
    """The content of environment.json, written by a training."""

    parameters: int
    examples: dict[str, int]
    fields: dict[str, str]
    device: str
    processor: str
    threads: int
    jumok: str
    torch: str
    python: str
    system: str
    began: NotRequired[str]
    ended: NotRequired[str]
    date: NotRequired[str]  # when it began, as older runs say
    sessions: NotRequired[int]
    stopped: NotRequired[str]


@dataclass(frozen=True)
class FinishedRun:
    """The content of the files of a finished run."""

    path: Path
    experiment: "Experiment"
    config: str
    log: list[dict[str, Any]]
    evaluation: dict[str, Any]
    analysis: dict[str, Any]
    environment: dict[str, Any]
    notes: list[str]  # of what is damaged, but not needed

    def lines_of(self, split: str) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl of the train or the valid split."""
        return [line for line in self.log if line["split"] == split]

    @property
    def selection_metric(self) -> str:
        """The metric that chose the best model."""
        return str(self.analysis["metric"])

    @property
    def writes(self) -> bool:
        """Whether predictions are generated token by token."""
        return bool(self.analysis["counted"] == "token")

    @property
    def seconds(self) -> float:
        """The training time of all sessions in seconds."""
        return float(self.last.get("seconds") or 0.0)

    @property
    def last(self) -> dict[str, Any]:
        """The last line of the train split; empty if the log is lost."""
        lines = self.lines_of("train")
        return lines[-1] if lines else {}


def output_views(record: FinishedRun) -> dict[str, FinishedRun]:
    """The run as if it had one output only, for each of its outputs."""
    analyses = record.analysis.get(SEVERAL)
    if analyses is None:
        return {next(iter(record.experiment.outputs)): record}
    common = {name: value for name, value in record.analysis.items() if name != SEVERAL}
    return {
        name: replace(
            record,
            log=[{**line, **without_prefix(line, name)} for line in record.log],
            evaluation={
                **record.evaluation,
                "metrics": without_prefix(record.evaluation["metrics"], name),
                "signature": without_prefix(record.evaluation["signature"], name),
                "baselines": baselines_of_output(record.evaluation["baselines"], name),
            },
            analysis={**DEFAULTS_FOR_OLD_RUNS, **common, **analysis},
        )
        for name, analysis in analyses.items()
    }


def without_prefix(values: Mapping[str, Any], output: str) -> dict[str, Any]:
    """The values of one output, among those of several, by their plain names."""
    prefix = f"{output}."
    return {name.removeprefix(prefix): value for name, value in values.items() if name.startswith(prefix)}


def selecting_view(record: FinishedRun) -> FinishedRun:
    """The run as if it had only the output that chose the best model."""
    return output_views(record)[record.experiment.selection.output]


def write_report(run: Path, say: Callable[[str], None] = lambda _: None) -> Path:
    """Write report.html of a finished run and return its path; raises RunError if the run is not finished."""
    record = read_record(run)
    for note in record.notes:
        say(f"note: {note}")
    file = RunLayout(run).report
    write_file_atomically(file, report_html(record).encode())
    return file


def read_record(run: Path) -> FinishedRun:
    """Read the files of a finished run; raises RunError if it is not finished."""
    require_run(run)
    files = RunLayout(run)
    evaluation, analysis = read_stored(files.evaluation), read_stored(files.analysis)
    if evaluation is None or analysis is None:
        raise RunError(f"{run} has no scores yet; finish it with `jumok train`, then `jumok evaluate {run}`")
    config = config_file(run)
    experiment, log = read_config(config), read_log(files.log)
    defaults = {} if SEVERAL in analysis else DEFAULTS_FOR_OLD_RUNS
    return FinishedRun(
        run,
        experiment,
        read_whole(config).decode(),
        log.lines,
        {"signature": {}, "baselines": {}, **evaluation},
        {**defaults, **analysis},
        _environment(files.environment),
        log.notes,
    )


def _environment(path: Path) -> dict[str, Any]:
    """What the training ran on; nothing where that was not noted whole."""
    from pydantic import TypeAdapter

    try:
        value = json.loads(read_whole(path))
        TypeAdapter(Environment).validate_python(value)
    except (OSError, ValueError, RecursionError):
        return {}
    return dict(value)


def report_html(record: FinishedRun) -> str:
    """The report of a run as HTML."""
    views = output_views(record)
    values = {
        "title": from_to(record.experiment.inputs, record.experiment.outputs),
        "record": record,
        "facts": facts(selecting_view(record)),
        "sections": [
            output_section(view, f"{name}: " if len(views) > 1 else "") for name, view in views.items()
        ],
        **doubted_rows(record),
        "inputs": input_rows(record.evaluation.get("inputs", {}), record.analysis["headline"]),
        "input_columns": INPUT_COLUMNS,
        "input_remark": SURPRISED,
        "few": FEW_EXAMPLES,
        "few_doubts": FEW_DOUBTS,
    }
    return render("run.html", values)


def doubted_rows(record: FinishedRun) -> dict[str, Any]:
    """The rows whose annotations may be wrong, each with its link, and the command that makes the links work."""
    split = labelled_split(record.experiment, record.evaluation["split"])
    files: dict[str, str] = record.analysis.get("images", {})
    rows = [
        {
            **row,
            "image": data_url_of(record.path, files, row),
            "link": link_to(row["key"], split) if split and "key" in row else None,
        }
        for row in record.analysis.get("mistakes", [])
    ]
    is_linked = split and any(row["link"] for row in rows)
    command = label_command(RunLayout(record.path).config.name, ".", split) if split and is_linked else None
    return {"mistakes": rows, "label_command": command}


def output_section(record: FinishedRun, heading: str) -> dict[str, Any]:
    """What is shown of one output.

    Args:
        record: The run as if it had this output only.
        heading: What stands before the headings of this output.
    """
    bins = record.analysis["bins"]
    return {
        "heading": heading,
        "record": record,
        "curves": svg(curves(record)) if len(record.lines_of("valid")) > 1 else "",
        "evaluated": evaluated(record),
        "lengths": svg([length_plot(record.analysis, [("score", bins)])]) if len(bins) > 2 else "",
        "metrics": metrics(record),
        "cards": cards(record),
        "baselines": baseline_rows(record.evaluation["baselines"]),
        "baseline_sentences": baseline_sentences(record.evaluation["baselines"]),
        "by_class": by_class(record.evaluation["metrics"]),
        "class_support": class_support(record.analysis["support"]),
        "examples": examples(record),
        "told": example_headings(record),
    }


def metrics(record: FinishedRun) -> list[str]:
    """The metrics to show, the selection metric first; those of single classes have their own table."""
    names = set(record.analysis["headline"]) | {record.selection_metric}
    return sorted(
        (name for name in record.evaluation["metrics"] if name in names and "/" not in name),
        key=lambda name: name != record.selection_metric,
    )


def cards(record: FinishedRun) -> list[str]:
    """The scores at the top: the selection metric, and others with enough objects."""
    support = record.analysis["support"]
    first, *others = metrics(record)
    return [first, *(name for name in others if support.get(name, FEW_EXAMPLES) >= FEW_EXAMPLES)][:CARDS]


def class_support(support: Mapping[str, int]) -> dict[str, int]:
    """The number of true objects of each class, or of images that show it."""
    parts = ((name.partition("/")[2], number) for name, number in support.items())
    return {of: number for of, number in parts if of}


def by_class(scores: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, Mapping[str, float]]]:
    """The scores of single classes, by metric and class."""
    found: dict[str, dict[str, Mapping[str, float]]] = {}
    for name, interval in scores.items():
        metric, _, of = name.partition("/")
        if of:
            found.setdefault(of, {})[metric] = interval
    return found


def examples(record: FinishedRun) -> dict[str, list[dict[str, Any]]]:
    """The examples to show, each with its image as a data URL, if it has one."""
    files: dict[str, str] = record.analysis["images"]
    most = WITH_IMAGES if files else TEXT_ONLY
    return {
        group: [
            {**item, "image": data_url_of(record.path, files, item)} for item in record.analysis[group][:many]
        ]
        for group, many in most.items()
    }


def data_url_of(run: Path, files: Mapping[str, str], item: Mapping[str, Any]) -> str | None:
    """The image of an example as a data URL.

    Args:
        run: Folder of the run.
        files: Image file of each example, by its number.
        item: The example.

    Returns:
        The data URL; None if there is no image, or its file is gone.
    """
    file = files.get(str(item.get("example")))
    if file is None or not (run / file).is_file():
        return None
    return as_address((run / file).read_bytes())


def as_address(jpeg: bytes) -> str:
    """A JPEG as a data URL."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def example_headings(record: FinishedRun) -> dict[str, str]:
    """Headings of the best and worst examples, or a sentence if there are none."""
    best, worst = record.analysis["best"], record.analysis["worst"]
    none_right = record.writes and bool(best) and not any(item["predicted"] in item["right"] for item in best)
    return {
        "best": "Its nearest answers" if none_right else "Its best answers",
        "nearest": "None of its predictions is correct; these come closest." if none_right else "",
        "alike": "" if best or worst else alike(record),
    }


def alike(record: FinishedRun) -> str:
    """Why no prediction is better than the others."""
    scores = {item["score"] for item in record.analysis["typical"]}
    metric = record.analysis["example_metric"]
    if len(scores) != 1 or None in scores:
        return ""
    return f"No answer is better than another: {metric_name(metric)} {format_score(metric, scores.pop())} in each."


def evaluated(record: FinishedRun) -> str:
    """The result of a single evaluation, which is no curve."""
    train, valid = record.lines_of("train"), record.lines_of("valid")
    if len(valid) != 1:
        return ""
    metric, (line,) = record.selection_metric, valid
    losses = [loss_in_words(one) for one in (*train[-1:], line) if isinstance(one.get("loss"), int | float)]
    found = f"{metric_name(metric)} {format_score(metric, line.get(metric))} on the valid split"
    return f"There was one evaluation, after step {line['step']:,}: {', '.join([*losses, found])}."


def loss_in_words(line: Mapping[str, Any]) -> str:
    """The loss of a line of the log, with its split."""
    return f"{line['split']} loss {line['loss']:.3f}"


def curves(record: FinishedRun) -> list[Plot]:
    """The plots of losses and of the selection metric over the steps."""
    valid, factor = record.lines_of("valid"), scale(record.selection_metric)
    losses = [
        Curve(name, *columns(record.lines_of(split), "loss"))
        for name, split in (("train", "train"), ("valid", "valid"))
    ]
    steps, values = columns(valid, record.selection_metric)
    metric = Curve("valid", steps, [factor[0] * value for value in values])
    return [
        Plot(losses, "step", loss_name(record.analysis["counted"]), "Loss"),
        Plot(
            [metric], "step", metric_name(record.selection_metric) + factor[1], curve_title(record.analysis)
        ),
    ]


def loss_name(counted: str) -> str:
    """The label of the loss axis; losses of tokens are log-probabilities, others sums of several terms."""
    return "loss of a token (nats)" if counted == "token" else f"mean loss of one {counted}"


def curve_title(analysis: Mapping[str, Any]) -> str:
    """The title of the plot of scores during training."""
    return "Score on the valid split" + (", greedy search" if analysis["counted"] == "token" else "")


def columns(lines: Sequence[Mapping[str, Any]], name: str) -> tuple[list[float], list[float]]:
    """The steps and values of all lines that have a value of this name."""
    kept = [line for line in lines if line.get(name) is not None]
    return [line["step"] for line in kept], [line[name] for line in kept]


def length_plot(
    analysis: Mapping[str, Any], named: Sequence[tuple[str, Sequence[Mapping[str, Any]]]]
) -> Plot:
    """The plot of the score against the source length, for one or several models."""
    factor, unit = scale(analysis["metric"])
    lines = [
        Curve(
            name,
            [b["mean"] for b in bins],
            *([plot_value(factor, b[bound]) for b in bins] for bound in ("value", "low", "high")),
        )
        for name, bins in named
    ]
    top = 100.0 if unit and not analysis["metric"].endswith("error_rate") else None
    y = metric_name(analysis["metric"]) + unit
    return Plot(lines, "tokens of the source", y, "Score by length", top, from_zero=True)


def plot_value(factor: float, value: float | None) -> float:
    """A value of a plot in its unit; an undefined one leaves a gap."""
    return float("nan") if value is None else factor * value
