"""`jumok look`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jumok.cli.local_page import (
    LocalHost,
    OpenBrowser,
    bind_socket,
    port_option,
    require_loopback,
    serve_locally,
)
from jumok.cli.options import BeamOption, Device, Method, PrecisionOption, Run
from jumok.console import say, write_line
from jumok.errors import ConfigurationError
from jumok.outputs import is_ours, open_output, require_free
from jumok.runs.layout import require_run, run_of

if TYPE_CHECKING:
    from jumok.predictor import Predictor
    from jumok.workbench.workbench import LoadedRun

EXAMPLE = "jumok look runs/translate"
PORT = 8765


def command(
    run: Run,
    other: Annotated[
        Path | None, typer.Argument(metavar="RUN2", help="Another run, to look at both on the same input.")
    ] = None,
    port: Annotated[int | None, port_option(PORT)] = None,
    host: LocalHost = "127.0.0.1",
    browser: OpenBrowser = True,
    input: Annotated[
        str | None, typer.Option(help="A text, or the file of an image, to look at first.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Save the page for --input as this HTML file, and start no server.")
    ] = None,
    beam: BeamOption = None,
    method: Method = None,
    device: Device = "auto",
    precision: PrecisionOption = None,
) -> None:
    """See what a model looks at: a page on this machine, for inputs that you type or drop; Ctrl-C ends it.

    The page shows the answer and all attention that led to it, exactly as the kernels computed it, and tests whether
    what was looked at mattered. Nothing leaves this machine, and only this machine can see it; to look at a run of
    another machine, forward its port: `ssh -L 8765:127.0.0.1:8765 machine`.
    """
    if output is not None and (input is None or other is not None):
        raise ConfigurationError("--output writes one look of one run; give --input, and no second run")
    require_loopback(host, port or PORT, "look")
    decoding = {"beam": beam, "method": method, "precision": precision}
    for path in (run, other):
        if path is not None:
            require_run(path)
    from jumok.predictor import load

    if output is not None:
        inputs = [Path(input)] if input is not None and len(input) < 4096 else []
        require_free(output, inputs, overwrite=is_ours(output))
    predictors = {path: load(path, device, decoding) for path in (run, other) if path is not None}
    for note in dict.fromkeys(note for predictor in predictors.values() for note in predictor.notes):
        say(f"note: {note}")
    if output is not None:
        write_look(output, predictors[run], run_name(run), str(input))
        return
    serve([load_run(path, predictor, input) for path, predictor in predictors.items()], host, port, browser)


def write_look(output: Path, predictor: "Predictor", name: str, text: str) -> None:
    """Inspect one input, and write the page as a file.

    Args:
        output: The file.
        predictor: The predictor.
        name: The name of the run.
        text: The input.
    """
    from jumok.inspection.inspect import inspect_input
    from jumok.predictor.jobs.inputs import parsed
    from jumok.workbench.offline import offline_page

    page = offline_page(inspect_input(predictor, parsed(text, 1, predictor), name))
    with open_output(output) as file:
        file.write(page)
    write_line(str(output))


def run_name(run: Path) -> str:
    """What a run is called: its folder, but not `model`, which is in it, or `run`."""
    return run_of(run.resolve()).name


def load_run(run: Path, predictor: "Predictor", text: str | None) -> "LoadedRun":
    """A run for the workbench, with the examples that it was evaluated on.

    Args:
        run: The run folder.
        predictor: The predictor.
        text: An input that is shown first; None for none.

    Returns:
        The run.
    """
    from jumok.inspection.inspect import summarize_model
    from jumok.predictor.jobs.inputs import parsed
    from jumok.workbench.examples import InputExample, examples_of, given_example
    from jumok.workbench.workbench import LoadedRun

    examples: list[InputExample] = examples_of(run_of(run), predictor.inputs, predictor.outputs)
    if text is not None:
        value: Any = predictor.parse_inputs(parsed(text, 1, predictor))
        examples = [given_example(value, predictor.inputs), *examples]
    return LoadedRun(run_name(run), predictor, summarize_model(predictor), examples)


def serve(runs: Sequence["LoadedRun"], host: str, port: int | None, browser: bool) -> None:
    """Serve the workbench until Ctrl-C.

    Args:
        runs: The runs.
        host: The address to listen at.
        port: The port; None for the usual one or any free one.
        browser: Whether to open a browser.
    """
    import python_multipart  # noqa: F401  # starlette asks for it only when an image is dropped

    from jumok.workbench.server import application
    from jumok.workbench.workbench import Workbench

    bound = bind_socket(host, port, PORT)
    what = f"looking at {' and '.join(run.name for run in runs)}"
    serve_locally(lambda hosts: application(Workbench(distinct(runs)), hosts), bound, what, browser)


def distinct(runs: Sequence["LoadedRun"]) -> list["LoadedRun"]:
    """Runs of the same name told apart by their number."""
    names = [run.name for run in runs]
    return [
        replace(run, name=f"{run.name} ({i + 1})") if names.count(run.name) > 1 else run
        for i, run in enumerate(runs)
    ]
