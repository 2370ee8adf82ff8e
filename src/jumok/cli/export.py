"""`jumok export`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jumok.cli.options import Json, Run
from jumok.console import new_table, print_json, say
from jumok.errors import RunError
from jumok.runs.layout import PROOF, require_run
from jumok.wording import quantity

if TYPE_CHECKING:
    from rich.table import Table

    from jumok.exporting.export import Exported
    from jumok.exporting.proof import ExportProof
    from jumok.metrics.interval import Difference, Interval

EXAMPLE = "jumok export runs/translate --to ctranslate2 --quantize int8"

RuntimeOption = Annotated[
    Literal["ctranslate2", "onnx"],
    typer.Option(
        "--to", help="The runtime: ctranslate2 for Transformers from text to text, onnx for all models."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER", help="Where the exported model goes; by default RUN/ctranslate2 or RUN/onnx."
    ),
]
Quantize = Annotated[
    Literal["none", "int8", "int16"],
    typer.Option(help="What matrices are kept in: smaller, and often faster; the loss of score is shown."),
]
Examples = Annotated[
    int | None, typer.Option(min=1, help="Examples of the test split for the proof; all by default.")
]
WithProof = Annotated[bool, typer.Option("--proof/--no-proof", help="Compare its answers with the original.")]
Replace = Annotated[bool, typer.Option("--overwrite", help="Replace an older export.")]


def command(
    run: Run,
    to: RuntimeOption,
    output: Output = None,
    quantize: Quantize = "none",
    examples: Examples = None,
    proof: WithProof = True,
    overwrite: Replace = False,
    json: Json = False,
) -> None:
    """Export the best model of a run to another runtime, and prove that nothing was lost.

    The exported model answers the test split (valid, where there is none) beside the original: scores with intervals,
    the share of identical answers, the largest difference of a number, examples per second and megabytes. All that is
    in proof.json, too; exit status 2 where rounding does not explain the differences.

    `jumok predict`, `jumok evaluate` and `jumok.load` take the folder as they take a run; its README.md says how to
    run the model without jumok. This needs an extra: pip install 'jumok[export]'
    """
    require_run(run)
    from jumok.exporting.export import export
    from jumok.training.display import make_display

    display = make_display()
    try:
        done = export(run, to, output, quantize, examples, proof, overwrite, say, display.scoring)
    finally:
        display.on_end()
    tell(done, run, json)


def tell(done: "Exported", run: Path, json: bool) -> None:
    """Print the proof, and end with an error where it does not hold.

    Args:
        done: What was exported.
        run: The run.
        json: Whether the proof is printed as JSON.

    Raises:
        RunError: The exported model differs from the original.
    """
    proof = done.proof
    if json:
        size = {"original": done.original_megabytes, "exported": done.megabytes}
        print_json({"folder": str(done.folder), "megabytes": size, "proof": proof and proof.to_json()})
    elif proof is None:
        say(f"{done.folder}: {done.megabytes:.1f} MB, not compared with {run}")
    else:
        from jumok.console import talk

        talk.print(proof_table(done, proof))
    if proof is not None and not proof.holds:
        from jumok.exporting.proof import in_one_sentence

        raise RunError(
            f"{done.folder} does not answer as {run} does: {in_one_sentence(proof.faults)}; see {PROOF} in it, and do "
            "not use it"
        )


def proof_table(done: "Exported", proof: "ExportProof") -> "Table":
    """The two models side by side."""
    from jumok.reporting.numbers import format_speed, metric_name

    title = f"{proof.split}, {quantity(proof.examples, 'example')}"
    table = new_table(title, ("", "original", "exported"), left=("",))
    sides = (proof.original, proof.exported)
    for name in proof.headline:
        table.add_row(metric_name(name), *(score_with_bounds(name, one.scores[name]) for one in sides))
    if proof.quantize != "none":
        for name, change in proof.differences.items():
            table.add_row(f"difference of {metric_name(name)}", "", difference_with_bounds(name, change))
    table.add_row("examples per second", *(format_speed(one.examples_per_second) for one in sides))
    table.add_row("megabytes", f"{done.original_megabytes:.1f}", f"{done.megabytes:.1f}")
    for name, one in proof.outputs.items():
        of = f" of {name}" if len(proof.outputs) > 1 else ""
        table.add_row(f"identical answers{of}", "", f"{100 * one.identical:.1f} %")
        table.add_row(f"largest difference: {one.largest.quantity}{of}", "", f"{one.largest.absolute:.2g}")
    return table


def difference_with_bounds(name: str, change: "Difference") -> str:
    """What the exported model scores more, or less, with its 95 % interval and whether chance explains it."""
    from jumok.reporting.numbers import format_score, interval

    bounds = interval(name, {"low": change.low, "high": change.high})
    return f"{format_score(name, change.difference)}" + (f" ({bounds}, p = {change.p:.2g})" if bounds else "")


def score_with_bounds(name: str, score: "Interval") -> str:
    """A score with its 95 % interval in brackets."""
    from jumok.reporting.numbers import format_score, interval

    bounds = interval(name, {"low": score.low, "high": score.high})
    return format_score(name, score.value) + (f" ({bounds})" if bounds else "")
