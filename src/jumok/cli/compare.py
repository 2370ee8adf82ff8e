"""`jumok compare`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jumok.cli.options import Config, Device, Json, Quiet, Set, going_on_in, on_device
from jumok.console import new_table, print_json, say
from jumok.errors import ConfigurationError

if TYPE_CHECKING:
    from jumok.reporting.comparison import Comparison

EXAMPLE = "jumok compare x.yaml --vary inputs.german.encoder.kind=rnn,lstm,gru,transformer"


def command(
    config: Config,
    vary: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=V1,V2", help="What differs; several times: every combination."),
    ] = None,
    paired: Annotated[
        bool,
        typer.Option("--paired", help="First values together, then second values, not every combination."),
    ] = False,
    learning_curve: Annotated[
        bool,
        typer.Option(
            "--learning-curve",
            help="Train on growing parts of the data, and tell what twice the data would bring.",
        ),
    ] = False,
    shares: Annotated[
        str | None,
        typer.Option(
            metavar="S1,S2", help="The parts of a learning curve; 0.0625,0.125,0.25,0.5,1 by default."
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Seeds of a learning curve, each with parts of its own; 3 by default."),
    ] = None,
    run: Annotated[
        Path | None,
        typer.Option(help="Where the runs go; runs/NAME-OF-THE-FILE-compare or -learning-curve by default."),
    ] = None,
    set_: Set = None,
    device: Device = "",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train variants of an experiment with the same data, seed and steps, and set them side by side.

    The same command goes on where an interrupted comparison stopped. Values are YAML, so a whole part can vary:
    --vary 'outputs.english.decoder={kind: gru, attention: none},{kind: transformer}'. With --learning-curve the parts
    of the data vary instead: what would more data bring?
    """
    overrides = [*(set_ or []), *on_device(device)]
    if learning_curve:
        if vary or paired:
            raise ConfigurationError("--learning-curve varies the data alone; leave out --vary and --paired")
        show_learning_curve(config, shares, seeds or 3, run, overrides, quiet, json)
        return
    if shares is not None or seeds is not None:
        raise ConfigurationError("--shares and --seeds belong to --learning-curve")
    show_variants(config, vary or [], paired, run, overrides, quiet, json)


def show_variants(
    config: Path,
    vary: list[str],
    paired: bool,
    run: Path | None,
    overrides: list[str],
    quiet: bool,
    json: bool,
) -> None:
    """Train variants, and set them side by side; see `command`."""
    from jumok.experiment.file import read_experiment
    from jumok.experiment.variations import variations

    variants = variations(vary, paired)
    for variant in variants:
        read_experiment(config, [*overrides, *variant.overrides])
    from jumok.sweeps.comparison import compare_variations
    from jumok.training.display import make_display

    folder = run or Path("runs") / f"{config.stem}-compare"
    with going_on_in(folder):
        comparison = compare_variations(config, variants, folder, overrides, make_display(quiet), say)
    show_comparison(comparison, folder)
    if json:
        print_json(asdict(comparison))


def show_learning_curve(
    config: Path,
    shares: str | None,
    seeds: int,
    run: Path | None,
    overrides: list[str],
    quiet: bool,
    json: bool,
) -> None:
    """Trace a learning curve, and tell what it says."""
    from jumok.reporting.learning_curve import CURVE_FILES
    from jumok.sweeps.learning_curve import CURVE_SHARES, parts_of, trace_learning_curve
    from jumok.training.display import make_display

    parts = parts_of(CURVE_SHARES if shares is None else parse_shares(shares), seeds)
    folder = run or Path("runs") / f"{config.stem}-learning-curve"
    with going_on_in(folder):
        curve = trace_learning_curve(config, parts, folder, overrides, make_display(quiet), say)
    for sentence in curve.verdicts:
        say(sentence)
    named = zip(("numbers", "picture", "page"), CURVE_FILES, strict=True)
    say("   ".join(f"{what}: {folder / file}" for what, file in named))
    if json:
        print_json(curve.to_json())


def parse_shares(text: str) -> list[float]:
    """The shares of a text like "0.25,0.5,1"; raises ConfigurationError."""
    try:
        return [float(one) for one in text.split(",")]
    except ValueError:
        raise ConfigurationError(f"--shares are numbers, like 0.25,0.5,1; got {text!r}") from None


def show_comparison(comparison: "Comparison", folder: Path) -> None:
    """The table, and where page and plot are."""
    from jumok.console import talk
    from jumok.reporting.comparison import shown_metrics
    from jumok.reporting.numbers import UNDEFINED, duration, format_size, format_speed, metric_name
    from jumok.reporting.verdicts import verdicts

    metrics = shown_metrics(comparison)
    columns = ("model", *map(metric_name, metrics), "parameters", "training", "predictions/s")
    table = new_table(comparison.title, columns, left=("model",))
    for v in comparison.variants:
        values = [with_half_width(m, v.scores[m]) if m in v.scores else UNDEFINED for m in metrics]
        costs = format_size(v.parameters), duration(v.seconds), format_speed(v.examples_per_second)
        table.add_row(v.name, *values, *costs)
    talk.print(table)
    for sentence in verdicts(comparison):
        say(sentence)
    named = {"page": "html", "picture": "png", "numbers": "json"}  # without curves there is no plot
    files = ((what, folder / f"comparison.{suffix}") for what, suffix in named.items())
    say("   ".join(f"{what}: {file}" for what, file in files if file.exists()))


def with_half_width(metric: str, interval: dict[str, float]) -> str:
    """A score and half of its 95 % interval: 33.39 ± 1.99 %."""
    from jumok.reporting.numbers import format_score

    value = format_score(metric, interval["value"])
    half = format_score(metric, (interval["high"] - interval["low"]) / 2).removesuffix(" %")
    return f"{value.removesuffix(' %')} ± {half}{' %' if value.endswith(' %') else ''}"
