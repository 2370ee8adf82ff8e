"""Train variants of one experiment and set them side by side."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from jumok.errors import DataError
from jumok.experiment import read_experiment
from jumok.experiment.options import Experiment
from jumok.experiment.variations import Variation
from jumok.predictor.folder import CONFIG
from jumok.reporting.comparison import FILES, Comparison, variant_of, write_comparison
from jumok.training import train
from jumok.training.reporter import Reporter


def compare_variations(
    path: Path,
    variants: Sequence[Variation],
    folder: Path,
    overrides: Sequence[str] = (),
    reporter: Reporter | None = None,
    say: Callable[[str], None] = lambda _: None,
    title: str | None = None,
) -> Comparison:
    """Train each variant of an experiment file in a folder of its own, with the same data, seed and steps.

    Writes comparison.json, .html and .png into `folder`. Variants that are finished are not trained again; an
    interrupted comparison goes on where it was.
    """
    experiments = [read_experiment(path, [*overrides, *variant.overrides]) for variant in variants]
    require_own(folder, [folder / variant.folder for variant in variants])
    for i, (variant, experiment) in enumerate(zip(variants, experiments, strict=True)):
        say(f"[{i + 1}/{len(variants)}] {variant.name}")
        train(experiment, folder / variant.folder, reporter)
    shown = [variant_of(folder / v.folder, v.name, dict(v.values)) for v in variants]
    comparison = Comparison(title or title_of(experiments[0]), shown[0].metric, shown)
    write_comparison(folder, comparison)
    return comparison


def require_own(folder: Path, runs: Sequence[Path]) -> None:
    """Before any training: DataError where files of these names are there, but none of the runs that made them."""
    if any((run / CONFIG).exists() for run in runs):
        return
    for name in FILES:
        if os.path.lexists(folder / name):
            raise DataError(
                f"{folder / name} is there, but none of the runs that it would tell of; choose another folder by --run"
            )


def title_of(experiment: Experiment) -> str:
    return f"{', '.join(experiment.inputs)} → {', '.join(experiment.outputs)}, compared"
