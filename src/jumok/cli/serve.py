"""`jumok serve`."""

import os
import secrets
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jumok.cli.local_page import LOOPBACK
from jumok.cli.options import Device, Json, PrecisionOption
from jumok.console import print_json, say
from jumok.errors import ConfigurationError
from jumok.runs.layout import RunLayout, model_folder, require_run, run_of

if TYPE_CHECKING:
    from jumok.serving.limits import ServingLimits
    from jumok.serving.process import ModelSource

EXAMPLE = "jumok serve runs/translate --port 8000"
DEFAULT_PORT = 8000
EXTRA_PACKAGES = ("fastapi", "uvicorn", "prometheus_client")
MEGABYTE = 1_000_000

Megabytes = Annotated[int | None, typer.Option(min=1, metavar="MB")]


def command(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN", help="Run folders; NAME=FOLDER serves one under another name than its own."
        ),
    ],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 takes any free one.")
    ] = DEFAULT_PORT,
    host: Annotated[
        str,
        typer.Option(metavar="HOST", help="Another address than this machine's own; then a token is needed."),
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        typer.Option(envvar="JUMOK_TOKEN", help="What requests must bring (Authorization: Bearer TOKEN)."),
    ] = None,
    device: Device = "auto",
    precision: PrecisionOption = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads that compute, of each model; all cores but one.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=4096, help="Inputs that are computed together.")] = 64,
    delay: Annotated[
        float, typer.Option(min=0, max=1000, help="Milliseconds that a request waits for others.")
    ] = 5.0,
    wait: Annotated[
        float, typer.Option(min=0.01, help="Seconds of predicted waiting, beyond which requests are shed.")
    ] = 2.0,
    timeout: Annotated[float, typer.Option(min=0.01, help="Seconds that a request may take.")] = 30.0,
    max_body: Annotated[int, typer.Option(min=1, metavar="MB", help="Megabytes of a request.")] = 20,
    max_pixels: Annotated[int, typer.Option(min=1, metavar="M", help="Million pixels of an image.")] = 25,
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens of an input, and of an answer.")] = 2000,
    max_memory: Annotated[
        int | None, typer.Option(min=1, metavar="MB", help="Megabytes of the process of a model.")
    ] = None,
    prove: Annotated[
        bool,
        typer.Option("--prove", help="Attack the server for a minute and a half, and print how it held."),
    ] = False,
    json: Json = False,
) -> None:
    """Serve trained models over HTTP: batches, bounded queues, deadlines, metrics; Ctrl-C or SIGTERM ends it in order.

    POST /predict takes JSON or a form with files; /docs shows all routes with examples. SIGHUP loads the
    models again from their folders. Without --host only this machine can ask.
    """
    require_packages()
    limits = limits_of(max_body, max_pixels, max_tokens, max_memory, batch, delay, wait, timeout)
    decoding: dict[str, str] = {} if precision is None else {"precision": precision}
    sources = model_sources(runs, device, decoding, threads)
    if prove:
        prove_server(sources, server_options(device, precision, threads, batch, delay, wait, timeout), json)
        return
    run_server(sources, limits, host, port, token)


def limits_of(
    megabytes: int,
    megapixels: int,
    tokens: int,
    memory: int | None,
    batch: int,
    delay: float,
    wait: float,
    timeout: float,
) -> "ServingLimits":
    """What is taken at most, by the options of the command line, which are in megabytes and milliseconds."""
    from jumok.serving.limits import ServingLimits

    return ServingLimits(
        body_bytes=megabytes * MEGABYTE,
        held_bytes=max(10 * megabytes * MEGABYTE, ServingLimits.held_bytes),
        pixels=megapixels * MEGABYTE,
        tokens=tokens,
        wait=wait,
        timeout=timeout,
        max_timeout=max(timeout, ServingLimits.max_timeout),
        inputs=max(batch, ServingLimits.inputs),
        batch=batch,
        delay=delay / 1000,
        memory=None if memory is None else memory * MEGABYTE,
    )


def require_packages() -> None:
    """ConfigurationError if the packages of the extra are missing."""
    if any(find_spec(name) is None for name in EXTRA_PACKAGES):
        raise ConfigurationError(
            "jumok serve needs packages that are not installed: pip install 'jumok[serve]'"
        )


def model_sources(
    runs: Sequence[Path], device: str, decoding: dict[str, str], threads: int | None
) -> "list[ModelSource]":
    """The models by name; ConfigurationError if two have the same.

    Args:
        runs: Folders, or NAME=FOLDER.
        device: Where they compute.
        decoding: Changes of their decoding options.
        threads: Threads of each.

    Returns:
        The models.
    """
    from jumok.serving.process import ModelSource

    found: dict[str, ModelSource] = {}
    for run in runs:
        name, path = named(run)
        require_run(path)
        if RunLayout(path).checkpoints.exists():
            model_folder(path)  # RunError where the run is not finished; other folders are for who loads them
        if name in found:
            raise ConfigurationError(
                f"two models are called {name!r}; name one of them otherwise, like other={run.name}"
            )
        found[name] = ModelSource(name, path, device, decoding, threads)
    return list(found.values())


def named(run: Path) -> tuple[str, Path]:
    """The name of a model and its folder, of FOLDER or NAME=FOLDER."""
    name, equals, folder = str(run).partition("=")
    if equals and not os.path.exists(run):
        if not name or "/" in name:
            raise ConfigurationError(f"{run}: expected NAME=FOLDER with a name without slashes")
        return name, Path(folder)
    return run_of(run.resolve()).name, run


def server_options(
    device: str,
    precision: str | None,
    threads: int | None,
    batch: int,
    delay: float,
    wait: float,
    timeout: float,
) -> list[str]:
    """The options that the proved server has, too, as words of a command line."""
    given = {"device": device, "batch": batch, "delay": delay, "wait": wait, "timeout": timeout}
    more = {"precision": precision, "threads": threads}
    told = {**given, **{name: value for name, value in more.items() if value is not None}}
    return [word for name, value in told.items() for word in (f"--{name}", str(value))]


def prove_server(sources: "Sequence[ModelSource]", options: Sequence[str], json: bool) -> None:
    """Measure a server of one model on this machine, and print how it held.

    Args:
        sources: The model.
        options: Options of the server.
        json: Whether a JSON document is printed instead of tables.
    """
    import asyncio

    from rich.console import Console

    from jumok.serving.prove.proof import prove_serving
    from jumok.serving.prove.table import tables_of

    if len(sources) > 1:
        raise ConfigurationError("--prove measures one model at a time; name one run")
    proof = asyncio.run(prove_serving(sources[0], options, say))
    if json:
        print_json(proof)
        return
    console = Console(highlight=False, markup=False, emoji=False, width=None if sys.stdout.isatty() else 120)
    for table in tables_of(proof):
        console.print(table)
    for remark in proof["remarks"]:
        console.print(remark)


def run_server(
    sources: "Sequence[ModelSource]", limits: "ServingLimits", host: str, port: int, token: str | None
) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        sources: The models.
        limits: What is taken at most.
        host: The address to listen at.
        port: The port.
        token: What requests must bring.
    """
    from importlib.metadata import version

    from jumok.serving.app import serving_app
    from jumok.serving.log import EventLog
    from jumok.serving.memory import require_room
    from jumok.serving.server import Server, bind, run_until_stopped
    from jumok.serving.service import Service

    is_local = host in LOOPBACK
    if not is_local and token is None:
        token = secrets.token_urlsafe(24)
        say(f"token: {token}")
    for source in sources:
        require_room(source.path, limits)
    bound = bind(host, port, limits.connections)
    number = bound.getsockname()[1]
    hosts = {f"{name}:{number}" for name in ("127.0.0.1", "localhost", "[::1]")} if is_local else None
    log = EventLog()
    service = Service(sources, limits, log)
    address = f"http://{f'[{host}]' if ':' in host else host}:{number}"
    names = ", ".join(source.name for source in sources)
    log.event("starting", {"address": address, "models": [source.name for source in sources]})
    server = Server(serving_app(service, hosts, token, version("jumok")), service, bound, log)
    run_until_stopped(
        server, lambda: say(f"serving {names}: {address} ({address}/docs shows how to ask; Ctrl-C ends)")
    )
    log.close()
