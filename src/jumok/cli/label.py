"""`jumok label`."""

import locale
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from jumok.cli.local_page import (
    LocalHost,
    OpenBrowser,
    bind_socket,
    port_option,
    require_loopback,
    serve_locally,
)
from jumok.console import say
from jumok.errors import ConfigurationError
from jumok.runs.layout import require_run
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.labelling.opening import OpenedLabels

EXAMPLE = "jumok label photos --kind boxes --classes cat,dog"
LABEL_PORT = 8766
YAML_SUFFIXES = (".yaml", ".yml")


def command(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="EXPERIMENT.yaml|FOLDER", help="An experiment file, or a folder of your data."
        ),
    ],
    kind: Annotated[
        Literal["boxes", "mask", "label", "text"] | None,
        typer.Option(help="What to mark in a folder; an experiment file says it itself."),
    ] = None,
    classes: Annotated[
        str | None, typer.Option(metavar="A,B", help="The classes of a folder where nothing is labelled yet.")
    ] = None,
    format: Annotated[
        Literal["coco", "voc", "yolo"] | None,
        typer.Option(help="How new boxes of a folder are written; coco by default."),
    ] = None,
    model: Annotated[
        Path | None, typer.Option(metavar="RUN", help="A run whose model proposes marks.")
    ] = None,
    split: Annotated[
        str, typer.Option(metavar="SPLIT", help="Which split of an experiment is labelled.")
    ] = "train",
    output: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which output of an experiment, where several could be labelled."),
    ] = None,
    port: Annotated[int | None, port_option(LABEL_PORT)] = None,
    host: LocalHost = "127.0.0.1",
    browser: OpenBrowser = True,
) -> None:
    """Label your data on a page of this machine: boxes, masks, labels, texts, stretches of series; Ctrl-C ends it.

    Every change is written at once, into the files that training reads, and nothing else in them changes. With --model
    a model proposes, and a button trains a new one on what is labelled so far. Nothing leaves this machine.
    """
    require_loopback(host, port or LABEL_PORT, "label")
    if model is not None:
        require_run(model)
    from jumok.labelling.opening import open_experiment, open_folder, yaml_keys

    is_yaml = data.suffix.lower() in YAML_SUFFIXES
    keys = yaml_keys(data) if is_yaml else set()
    if kind is None and "names" in keys and "outputs" not in keys:
        raise ConfigurationError(
            f"{data} is no experiment file, but lists classes of a data set; add --kind boxes"
        )
    if kind is None and is_yaml:
        if classes is not None or format is not None:
            raise ConfigurationError("--classes and --format are for folders; an experiment file says both")
        opened = open_experiment(data, split, output)
    else:
        if "outputs" in keys:
            raise ConfigurationError(
                f"--kind is for folders; {data} says it itself, and --output NAME chooses among several outputs"
            )
        if output is not None or split != "train":
            raise ConfigurationError("--split and --output are for experiment files; name one")
        opened = open_folder(data, kind, class_list_of(classes), format)
    serve_labels(opened, model, host, port, browser)


def serve_labels(
    opened: "OpenedLabels", model: Path | None, host: str, port: int | None, browser: bool
) -> None:
    """Serve the label page until Ctrl-C.

    Args:
        opened: What is labelled.
        model: A run whose model proposes; by default the newest that was trained here.
        host: The address to listen at.
        port: The port; None for the usual one or any free one.
        browser: Whether to open a browser.
    """
    from jumok.workbench.labelling.api import LabelRoom, label_application

    room = LabelRoom.open(opened, Path("runs") / f"{opened.name}-label", user_language())
    newest = room.trainings.newest()
    if model is not None:
        room.model.load(model)
    elif newest is not None:
        room.model.use(newest)
    bound = bind_socket(host, port, LABEL_PORT)
    if room.trainings.resume():
        say("a training that was cut off goes on in the background")
    try:
        what = f"labelling {opened.store.place}"
        serve_locally(lambda hosts: label_application(room, hosts), bound, what, browser)
    finally:
        was_training = room.close()
    if was_training:
        say("the training is saved; it goes on when the same command is run again")
    say(f"{quantity(room.desk.labelled_here, 'item')} labelled, everything is in {opened.store.place}")


def class_list_of(classes: str | None) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(name for one in (classes or "").split(",") if (name := one.strip()))


def user_language() -> str:
    """The language of the page: Korean if the system speaks it, else English."""
    said = os.environ.get("LC_ALL") or os.environ.get("LANG") or locale.getlocale()[0] or ""
    return "ko" if said.lower().startswith("ko") else "en"
