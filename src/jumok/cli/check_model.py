"""`jumok check --model`: annotations that a model disagrees with."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jumok.cli.options import going_on_in
from jumok.console import new_table, print_json, say
from jumok.errors import ConfigurationError, DataError, RunError
from jumok.outputs import is_ours, require_free, write_output
from jumok.runs.layout import RunLayout, require_run, run_of
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.evaluation.mistakes.row_images import RowImages
    from jumok.evaluation.mistakes.suspicions import CheckedRows, Suspicion
    from jumok.experiment.options import Experiment
    from jumok.predictor.predictor import Predictor
    from jumok.reporting.mistakes import MistakeReport

DEFAULT_WORST = 50
UNSEEN = ("valid", "test")  # splits that no training has learned from
MOST_LISTED = 50  # of the table in the terminal


class CheckRequest(NamedTuple):
    """What is to be looked through."""

    run: Path
    config: Path | None  # the experiment; that of the run where there is none
    changes: Sequence[str]
    split: str | None
    folds: int
    worst: int
    output: Path | None
    device: str
    json: bool


def check_by_model(asked: CheckRequest) -> None:
    """List the annotations that a model disagrees with, in the terminal, as a page or as JSON."""
    require_run(asked.run)
    refuse_contradictions(asked)
    from jumok.experiment.file import read_experiment
    from jumok.runs.config import experiment_of

    require_finished(asked.run)
    given = None if asked.config is None else read_experiment(asked.config, asked.changes)
    experiment = given or experiment_of(asked.run)
    from jumok.predictor import load

    predictor = load(asked.run, asked.device)
    require_same_fields(predictor, experiment, asked)
    page = asked.output or Path(f"{(asked.config or run_of(asked.run).resolve()).stem}-mistakes.html")
    require_free(page, overwrite=is_ours(page), remedy=" by --output")
    parts = rows_of_folds(asked, experiment) if asked.folds else rows_of_splits(asked, experiment, predictor)
    report = report_of(asked, experiment, parts)
    write_output(page, report.html(images_of_rows(report)).encode())
    if asked.json:
        print_json({**report.to_json(), "page": str(page)})
    else:
        tell_mistakes(report, page)


def refuse_contradictions(asked: CheckRequest) -> None:
    """Options that do not fit together; raises DataError."""
    if asked.worst < 1:
        raise DataError(f"--worst is how many mistakes are listed, 1 or more; got {asked.worst}")
    if asked.config is None and asked.changes:
        raise DataError("--set changes an experiment file; name it before the options")
    if asked.folds and asked.folds < 2:
        raise DataError(f"--folds is how many parts train is cut into, 2 or more; got {asked.folds}")
    if asked.folds and asked.split not in (None, "train"):
        raise DataError(f"--folds looks at train, and {asked.split} is asked for; drop one of both")


def require_finished(run: Path) -> None:
    """RunError for a training that has not come to its end: its model would change."""
    files = RunLayout(run_of(run))
    if files.checkpoints.exists() and not files.evaluation.exists():
        raise RunError(f"{run} is not finished; go on with the same `jumok train` command, then check again")


def require_same_fields(predictor: "Predictor", experiment: "Experiment", asked: CheckRequest) -> None:
    """DataError for a model of other inputs or outputs than the experiment has."""
    ours = {name: str(one.kind) for name, one in predictor.fields.all.items()}
    theirs = {name: one.kind for name, one in experiment.inputs.items()}
    theirs |= {name: one.kind for name, one in experiment.outputs.items()}
    if ours != theirs:
        said = " and ".join(
            f"{place} has {', '.join(f'{name} ({kind})' for name, kind in fields.items())}"
            for place, fields in ((asked.run, ours), (asked.config, theirs))
        )
        raise DataError(f"the model is of another experiment: {said}; name the run of this experiment")


def rows_of_splits(
    asked: CheckRequest, experiment: "Experiment", predictor: "Predictor"
) -> list["CheckedRows"]:
    """The splits that are asked for, by the run's own model; by default those that it has not learned from."""
    from jumok.evaluation.answers import open_split
    from jumok.evaluation.mistakes.suspicions import check_rows

    names = [asked.split] if asked.split else [name for name in experiment.data.splits() if name in UNSEEN]
    splits = [open_split(experiment, predictor, name, say) for name in names]
    parts = []
    for split in splits:
        say(f"{split.name}: comparing {quantity(len(split), 'row')} with the model")
        parts.append(check_rows(predictor, split, is_seen=split.name == "train"))
    return parts


def rows_of_folds(asked: CheckRequest, experiment: "Experiment") -> list["CheckedRows"]:
    """All rows of train, each by a model that has not learned from it."""
    from jumok.training.display import make_display
    from jumok.training.folds import check_folds

    run = run_of(asked.run)
    try:
        with going_on_in(run):
            return list(check_folds(run, experiment, asked.folds, asked.device, make_display(), say))
    except ConfigurationError as error:
        raise DataError(str(error)) from None


def report_of(
    asked: CheckRequest, experiment: "Experiment", parts: Sequence["CheckedRows"]
) -> "MistakeReport":
    """What was found, the best of it listed."""
    from jumok.evaluation.mistakes.label_keys import key_of_row
    from jumok.evaluation.mistakes.suspicions import suspicions_of
    from jumok.experiment.labelled import labelled_split, source_of_rows
    from jumok.reporting.mistakes import CheckedSplit, MistakeReport

    found = suspicions_of(parts)
    listed = found[: asked.worst]
    counts: dict[str, int] = {}
    for part in parts:
        counts[part.split.name] = counts.get(part.split.name, 0) + len(part.examples)
    seen = {part.split.name for part in parts if part.is_seen}
    keys = [
        key_of_row(split, source_of_rows(experiment, split.name), one.example)
        for one in listed
        for split in (parts[one.part].split,)
    ]
    return MistakeReport(
        str(asked.run),
        str(asked.config or RunLayout(run_of(asked.run)).config),
        [
            CheckedSplit(name, rows, name in seen, labelled_split(experiment, name))
            for name, rows in counts.items()
        ],
        asked.folds,
        len(found),
        listed,
        keys,
        parts,
    )


def images_of_rows(report: "MistakeReport") -> dict[tuple[int, int], "RowImages"]:
    """The images of each row that is listed, by part and example; the models answer these rows once more."""
    from jumok.evaluation.answers import predict_examples
    from jumok.evaluation.mistakes.row_images import images_of_row
    from jumok.evaluation.mistakes.suspicions import by_row

    rows: dict[tuple[int, int], list[Suspicion]] = by_row(report.found)
    made: dict[tuple[int, int], RowImages] = {}
    for number, part in enumerate(report.parts):
        examples = [example for of, example in rows if of == number]
        answers = predict_examples(part.predictor, part.split, examples)
        for example, answer in zip(examples, answers, strict=True):
            made[number, example] = images_of_row(part, example, rows[number, example], answer)
    return made


def tell_mistakes(report: "MistakeReport", page: Path) -> None:
    """Print the table, and what a person should know of it."""
    from jumok.console import talk
    from jumok.reporting.mistakes import place_of_row, row_name

    table = new_table("where annotation and model disagree most", ("", "row", "at", "what", "score"), WORDS)
    for rank, one in enumerate(report.found[:MOST_LISTED], 1):
        split = report.parts[one.part].split
        place: Any = place_of_row(split, one.example)
        table.add_row(str(rank), row_name(split, one.example), place, one.what.en, f"{one.what.score:.3f}")
    if report.found:
        talk.print(table)
    for of in report.splits:
        if of.is_seen:
            say(
                f"the model has learned from the rows of {of.name}, so it agrees with many of their mistakes; "
                "--folds 3 looks at them by models that have not seen them"
            )
    say(f"{quantity(report.total, 'disagreement')} in all; not every one is a mistake: look at the images")
    say(f"page: {page}")


WORDS = ("row", "at", "what")  # columns that are flush left
