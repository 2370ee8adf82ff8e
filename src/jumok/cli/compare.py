"""`jumok compare`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jumok.cli.options import Config, Device, Json, Quiet, Set, on_device
from jumok.console import new_table, print_json, say
from jumok.errors import Interrupted

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
    run: Annotated[
        Path | None, typer.Option(help="Where the runs go; runs/NAME-OF-THE-FILE-compare by default.")
    ] = None,
    set_: Set = None,
    device: Device = "",
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train variants of an experiment with the same data, seed and steps, and set them side by side.

    The same command goes on where an interrupted comparison stopped. Values are YAML, so a whole part can vary:
    --vary 'outputs.english.decoder={kind: gru, attention: none},{kind: transformer}'.
    """
    from jumok.experiment.file import read_experiment
    from jumok.experiment.variations import variations

    variants, overrides = variations(vary or [], paired), [*(set_ or []), *on_device(device)]
    for variant in variants:
        read_experiment(config, [*overrides, *variant.overrides])
    from jumok.sweeps.comparison import compare_variations
    from jumok.training.display import make_display

    folder = run or Path("runs") / f"{config.stem}-compare"
    try:
        comparison = compare_variations(config, variants, folder, overrides, make_display(quiet), say)
    except Interrupted:
        raise Interrupted(f"stopped and saved in {folder}; the same command goes on from here") from None
    show_comparison(comparison, folder)
    if json:
        print_json(asdict(comparison))


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
