"""Train variants of one experiment and set them side by side."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from jumok.errors import DataError
from jumok.evaluation.answers import SplitPredictions
from jumok.evaluation.apart import are_alike, contests, draw_sides, farthest_apart
from jumok.evaluation.runs import evaluate
from jumok.experiment import read_experiment
from jumok.experiment.variations import Variation
from jumok.reporting.comparison import (
    FILES,
    Comparison,
    Variant,
    shown_metrics,
    variant_of,
    write_comparison,
)
from jumok.runs.layout import RunLayout
from jumok.training import train
from jumok.training.reporter import NullReporter, Reporter
from jumok.wording import from_to


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

    Args:
        path: The experiment file.
        variants: The changes of each variant.
        folder: Where runs and comparison are written.
        overrides: Changes of options, like "training.steps=100".
        reporter: Receives training events; None ignores them.
        say: Called with messages.
        title: The title of the page.

    Returns:
        The comparison.
    """
    experiments = [read_experiment(path, [*overrides, *variant.overrides]) for variant in variants]
    require_own(folder, [folder / variant.folder for variant in variants])
    known: dict[str, SplitPredictions | None] = {}
    for i, (variant, experiment) in enumerate(zip(variants, experiments, strict=True)):
        say(f"[{i + 1}/{len(variants)}] {variant.name}")
        known[variant.name] = train(experiment, folder / variant.folder, reporter).answered
    shown = [variant_of(folder / v.folder, v.name, dict(v.values)) for v in variants]
    title = title or f"{from_to(experiments[0].inputs, experiments[0].outputs)}, compared"
    comparison = Comparison(title, shown[0].metric, shown)
    answered = answers_of(shown, known, reporter or NullReporter(), say)
    comparison = set_apart(comparison, answered, experiments[0].selection.output)
    write_comparison(folder, comparison, draw_sides(answered, comparison.examples))
    return comparison


def answers_of(
    variants: Sequence[Variant],
    known: Mapping[str, SplitPredictions | None],
    reporter: Reporter,
    say: Callable[[str], None],
) -> dict[str, SplitPredictions]:
    """The predictions of each model on the split that all are scored on.

    Args:
        variants: The trained variants.
        known: The predictions by which those were scored that were trained now.
        reporter: Receives training events.
        say: Called with messages.

    Returns:
        Predictions by the name of the variant.
    """
    say("testing the differences on what each model answers")
    try:
        return {
            v.name: known[v.name] or evaluate(Path(v.run), say=say, progress=reporter.scoring)
            for v in variants
        }
    finally:
        reporter.on_end()


def set_apart(comparison: Comparison, answered: Mapping[str, SplitPredictions], output: str) -> Comparison:
    """The same with tests of differences, and examples; without, where the models were asked different things.

    Args:
        comparison: The comparison.
        answered: What each model answers, by its name.
        output: The output whose examples are shown.
    """
    if len(answered) < 2 or not are_alike(list(answered.values())):
        return comparison
    tests = contests(answered, shown_metrics(comparison))
    return replace(comparison, contests=tests, examples=farthest_apart(answered, output))


def require_own(folder: Path, runs: Sequence[Path], names: Sequence[str] = FILES) -> None:
    """Before any training: DataError if files of these names are there, but none of the runs that made them.

    Args:
        folder: Where they are written.
        runs: The runs.
        names: Names of the files.

    Raises:
        DataError: One of them is there.
    """
    if any(RunLayout(run).config.exists() for run in runs):
        return
    for name in names:
        if os.path.lexists(folder / name):
            raise DataError(
                f"{folder / name} is there, but none of the runs that it would tell of; choose another folder by --run"
            )
