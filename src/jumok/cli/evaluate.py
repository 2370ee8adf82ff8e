"""`jumok evaluate`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jumok.cli.options import BeamOption, Device, Json, Method, PrecisionOption, Run
from jumok.console import new_table, print_json, say
from jumok.errors import RunError
from jumok.runs.layout import RunLayout, require_run

if TYPE_CHECKING:
    from rich.table import Table

    from jumok.evaluation.answers import SplitPredictions
    from jumok.metrics.interval import Difference
    from jumok.predictor import Predictor

EXAMPLE = "jumok evaluate runs/a --against runs/b"


def command(
    run: Run,
    split: Annotated[
        str | None,
        typer.Option(metavar="SPLIT", help="train, valid or test; by default test, if there is one."),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Test the difference to this run.")
    ] = None,
    hide: Annotated[
        list[str] | None,
        typer.Option(metavar="INPUT", help="Measure the change when this input is missing in all examples."),
    ] = None,
    beam: BeamOption = None,
    method: Method = None,
    device: Device = "auto",
    precision: PrecisionOption = None,
    baselines: Annotated[
        bool | None,
        typer.Option(
            "--baselines/--no-baselines",
            help="Score simple answers, fitted on train, too; by default as training.baselines says.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Score the best model of a run, each score with a 95 % bootstrap interval.

    Without other options the result also goes into the run folder: evaluation.json, predictions.jsonl, report.html.
    """
    require_run(run)
    if against is not None:
        require_run(against)
    from jumok.evaluation.record import evaluation_document
    from jumok.evaluation.runs import answer_split, compare, load_with_n_best
    from jumok.runs.config import experiment_of
    from jumok.training.display import make_display

    decoding: dict[str, Any] = {"beam": beam, "method": method, "precision": precision}
    predictor, experiment = load_with_n_best(run, device, decoding, say), experiment_of(run)
    display = make_display()
    try:
        answered = answer_split(predictor, experiment, split, say, display.scoring)
    finally:
        display.on_end()
    wanted = experiment.training.baselines if baselines is None else baselines
    document = evaluation_document(predictor, answered, experiment, say, hide or (), wanted)
    changed = split is not None or hide or any(decoding.values()) or baselines is False
    if not changed and RunLayout(run).checkpoints.exists():
        keep_record(run, answered, document, predictor)
    differences = {} if against is None else compare(run, against, answered, decoding, device)
    if json:
        extra = {} if against is None else {"against": against_document(against, differences)}
        print_json({**document, **extra})
        return
    print_scores(document, answered)
    if against is not None:
        from jumok.console import talk

        talk.print(difference_table(run, against, differences, answered))


def keep_record(
    run: Path, answered: "SplitPredictions", document: dict[str, Any], predictor: "Predictor"
) -> None:
    """Write the record and the report of a run, if they can be written.

    Args:
        run: The run folder.
        answered: The answers.
        document: What evaluation.json holds.
        predictor: The model.
    """
    from jumok.evaluation.record import write_record
    from jumok.reporting.run import write_report

    try:
        write_record(run, answered, document, predictor)
        write_report(run, say)
    except RunError as error:  # a full disk, a place for reading only: the scores are there all the same
        say(f"note: the scores are not kept in the run: {error}")


def print_scores(document: dict[str, Any], answered: "SplitPredictions") -> None:
    """Print the scores, the use of each input, and what there is to remark."""
    from jumok.console import talk
    from jumok.evaluation.record import headline_intervals
    from jumok.reporting.inputs import SURPRISED
    from jumok.training.display import score_table, tell_baselines

    shown_scores = headline_intervals(document, answered.headline)
    talk.print(score_table(answered.split.name, len(answered.predictions), shown_scores))
    if "inputs" in document:
        talk.print(input_table(document["inputs"], answered))
        say(f"note: {SURPRISED}")
    for sentence in answered.remarks:
        say(f"note: {sentence}")
    for name, signature in document["signature"].items():
        if name in shown_scores:
            say(f"{name}: {signature}")
    tell_baselines(document.get("baselines", {}))


def input_table(uses: dict[str, Any], answered: "SplitPredictions") -> "Table":
    """The table of the inputs, each with the scores without it."""
    from rich.table import Table

    from jumok.reporting.inputs import INPUT_COLUMNS, input_rows

    table = Table(title=f"inputs, hidden in the {answered.split.name} split", title_justify="left")
    for column in INPUT_COLUMNS:
        table.add_column(column)
    for row in input_rows(uses, answered.headline):
        table.add_row(*row)
    return table


def against_document(other: Path, differences: dict[str, "Difference"]) -> dict[str, Any]:
    """The comparison with another run, as JSON."""
    return {"run": str(other), "differences": {name: asdict(value) for name, value in differences.items()}}


def difference_table(
    run: Path, other: Path, differences: dict[str, "Difference"], answered: "SplitPredictions"
) -> "Table":
    """The table of the paired bootstrap.

    Args:
        run: The run folder.
        other: The run to compare with.
        differences: The difference of each metric.
        answered: The predictions of this run.

    Returns:
        The table.
    """
    from jumok.evaluation.input_use import NO_DIFFERENCE
    from jumok.reporting.numbers import format_score as shown

    columns = ("metric", "difference", "95 % interval", "p", "verdict")
    table = new_table(f"{run} minus {other} (paired bootstrap)", columns, left=("metric", "verdict"))
    for name, d in ((name, differences[name]) for name in answered.headline if name in differences):
        verdict = d.verdict(answered.higher_is_better[name]) or NO_DIFFERENCE
        bounds = f"{shown(name, d.low)} – {shown(name, d.high)}"
        table.add_row(name, shown(name, d.difference), bounds, f"{d.p:.3f}", verdict)
    return table
