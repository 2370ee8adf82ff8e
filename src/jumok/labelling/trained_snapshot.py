"""The experiment that is trained on what is labelled so far: the user's own, or one as `jumok new` writes it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumok.errors import DataError
from jumok.labelling.opening import OpenedLabels
from jumok.runs.config import write_config
from jumok.runs.layout import RunLayout

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment

LEAST_LABELLED = 4  # labelled items that can be trained on: some must be left to choose the best model by
FEWEST_SCORED = 5  # examples of a split that is split off, if a fifth are so many
FIFTH = 0.2
NEW_HEAD = """\
# Trainings of `jumok label` use this file, which may be changed, with what is labelled then in place of data.train.
"""
NEW_FIELDS = {  # input and kind of output in a new experiment, by what is marked
    "objects": ("image", "boxes"),
    "mask": ("image", "mask"),
    "values": ("image", "label"),
    "stretches": ("series", "label"),
}


def write_trained(opened: OpenedLabels, run: Path) -> int:
    """Write the labelled items, and the experiment that trains on them, into a run folder.

    Args:
        opened: The annotations.
        run: The run folder.

    Returns:
        The number of labelled items.

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
    given = (
        opened.experiment.model_dump(mode="json") if opened.experiment else new_values(opened, source, run)
    )
    write_config(layout.experiment, trained_on(given, source, count))
    return count


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


def kept_options(given: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a source that a snapshot of it does not say, like the names of columns, where they fit it."""
    from jumok.experiment.sources import BELONGS, SOURCE_FORMATS

    format = next(name for name in SOURCE_FORMATS if name in source)
    fitting = {name for name, formats in BELONGS.items() if format in formats} - {"images", "split"}
    return {name: value for name, value in given.items() if name in fitting and name not in source}


def new_values(opened: OpenedLabels, source: Mapping[str, Any], run: Path) -> dict[str, Any]:
    """The options of an experiment for a folder, as `jumok new` would write them.

    They are in a file beside the trainings, where a user may change them for the next one.

    Args:
        opened: The annotations.
        source: The snapshot.
        run: The run folder.

    Returns:
        The options.
    """
    from jumok.experiment.file import resolve_paths
    from jumok.experiment.found import Found, OutputName
    from jumok.experiment.loader import parse_yaml
    from jumok.experiment.made_data import NewField
    from jumok.experiment.starting import start_of, starting_text
    from jumok.files import write_file_atomically

    file = RunLayout(run.parent).experiment
    if not file.exists():
        first, kind = NEW_FIELDS[opened.store.kind]
        asked = [NewField(one.name, one.kind, "OUTPUT") for one in opened.store.columns]
        usual = "mask" if kind == "mask" else "objects"
        outputs = asked or [NewField(usual if first == "image" else kind, kind, "OUTPUT")]
        holds: OutputName = "boxes" if kind == "boxes" else "mask" if kind == "mask" else "text"
        named = {name: Path(one) if Path(str(one)).is_absolute() else one for name, one in source.items()}
        inputs = [NewField("image" if first == "image" else "signal", first, "INPUT")]
        start = start_of(inputs, outputs, None, Found(holds, {**opened.beside, "train": named}), file)
        write_file_atomically(file, (NEW_HEAD + starting_text(start, file)).encode())
    values, _ = parse_yaml(file.read_text(encoding="utf-8"), str(file))
    resolve_paths(values, file.parent)
    found: dict[str, Any] = values
    return found
