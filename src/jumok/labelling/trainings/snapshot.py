"""The experiment that is trained on what is labelled so far: the user's own, or one as `jumok new` writes it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from jumok.errors import DataError
from jumok.files import write_file_atomically
from jumok.labelling.opening import OpenedLabels
from jumok.labelling.trainings.folder_experiment import folder_experiment, folder_options, kept_options
from jumok.runs.config import write_config
from jumok.runs.layout import RunLayout

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

LEAST_LABELLED = 4  # labelled items that can be trained on: some must be left to choose the best model by
FEWEST_SCORED = 5  # examples of a split that is split off, if a fifth are so many
FIFTH = 0.2


class TrainedSnapshot(NamedTuple):
    """What a training begins with."""

    labelled: int  # items
    note: dict[str, str] | None = None  # what the user should know of the experiment, in English and Korean


def write_trained(opened: OpenedLabels, run: Path) -> TrainedSnapshot:
    """Write the labelled items, and the experiment that trains on them, into a run folder.

    Args:
        opened: The annotations.
        run: The run folder.

    Returns:
        The number of labelled items, and a note.

    Raises:
        DataError: Too few are labelled, or they cannot be trained on.
    """
    count = sum(one.state != "unlabelled" for one in opened.store.items())
    if count < LEAST_LABELLED:
        raise DataError(
            f"{count} labelled items are too few to train on; label {LEAST_LABELLED} or more",
            f"라벨이 {count}개뿐이라 학습할 수 없습니다. {LEAST_LABELLED}개 이상 붙이세요.",
        )
    layout = RunLayout(run)
    layout.data.mkdir(parents=True, exist_ok=True)
    source = {name: plain_option(value) for name, value in opened.store.snapshot(layout.data).items()}
    if opened.experiment is not None:
        write_config(layout.experiment, trained_on(opened.experiment.model_dump(mode="json"), source, count))
        return TrainedSnapshot(count)
    file = RunLayout(run.parent).experiment
    made = folder_experiment(opened, source, run)
    write_config(layout.experiment, trained_on(folder_options(made.text, file), source, count))
    write_file_atomically(file, made.text.encode())
    return TrainedSnapshot(count, made.note)


def plain_option(value: Any) -> Any:
    """An option as YAML has it; paths are absolute."""
    return str(value.absolute()) if isinstance(value, Path) else value


def trained_on(given: Mapping[str, Any], source: Mapping[str, Any], count: int) -> "Experiment":
    """An experiment whose train split is a snapshot.

    Splits with data of their own stay. What is split off from train is a fifth for valid and nothing for test, as
    long as the shares that were asked for would be fewer than 5 examples or more than a fifth.

    Args:
        given: The options of the experiment.
        source: The snapshot.
        count: The number of its examples.

    Returns:
        The experiment.
    """
    from jumok.experiment.file import build_experiment

    data = {**given["data"], "train": {**kept_options(given["data"]["train"], source), **source}}
    split = {name: value for name, value in (data.pop("split", None) or {}).items() if value is not None}
    shares = {name: split.pop(name) for name in ("valid", "test") if name in split}
    sizes = {name: share * count if isinstance(share, float) else share for name, share in shares.items()}
    if any(not FEWEST_SCORED <= size <= FIFTH * count for size in sizes.values()):
        shares = {"valid": FIFTH} if "valid" in shares else {}
    if shares:
        data["split"] = {**split, **shares}
    return build_experiment({**given, "data": data}, "the experiment of the label page")
