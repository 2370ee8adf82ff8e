"""Opens annotations to be labelled: of a split of an experiment, or of a folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jumok.errors import ConfigurationError, DataError, did_you_mean
from jumok.labelling.contract import LabelStore

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment
    from jumok.experiment.sources import SourceOptions
    from jumok.kinds.options import OutputFieldOptions

OBJECTS, MASKS = ("coco", "yolo", "voc"), ("masks",)
EXCHANGED = ("labelme", "cvat", "boxes")  # that other programs write
CELLS = ("label", "text", "values")  # kinds of outputs whose answers stand in cells of a table
INSTEAD = {  # why a format is not labelled, and what to do
    "lexicon": "a lexicon is edited as text; convert it into a table to label it",
    "lines": "parallel files have no cells; put the examples into a table, with a column for each name",
    "files": "the answers are the names of the files; put them into a table, with a column for the paths of images",
    "arrays": "arrays are not edited by hand; put the answers into a table beside their recordings",
    "windows": "what comes next is in the table already, so that nothing is to be labelled",
}


@dataclass(frozen=True)
class OpenedLabels:
    """The annotations that are labelled, and what they belong to."""

    name: str  # of the experiment or the folder
    store: LabelStore
    split: str = "train"
    output: str = ""  # of the experiment
    experiment: "Experiment | None" = None
    elsewhere: frozenset[Path] = frozenset()  # images of other splits, which are not labelled here


def open_experiment(file: Path, split: str = "train", output: str | None = None) -> OpenedLabels:
    """Open a split of an experiment.

    Args:
        file: The experiment file.
        split: The split.
        output: The output that is labelled, if several could be.

    Returns:
        The annotations.

    Raises:
        ConfigurationError: There is no such split or output, or nothing in it can be labelled.
        DataError: The annotations cannot be read.
    """
    from jumok.experiment.file import read_experiment

    experiment = read_experiment(file)
    source = source_of_split(experiment, split, file)
    chosen = chosen_outputs(experiment.outputs, output, file)
    require_labelled_by_hand(source, chosen, file)
    images = [name for name, one in experiment.inputs.items() if one.is_image]
    if len(images) > 1:
        raise ConfigurationError(
            f"{file}: there are {len(images)} images to each example ({', '.join(images)}), and the page shows one; "
            "label them in a table of your own"
        )
    elsewhere = images_elsewhere(experiment, split) if source.is_annotated else frozenset()
    store = store_of(experiment, source, chosen, elsewhere, next(iter(images), ""))
    return OpenedLabels(file.stem, store, split, labelled_output(chosen), experiment, elsewhere)


def source_of_split(experiment: "Experiment", split: str, file: Path) -> "SourceOptions":
    """The source of a split; ConfigurationError if it has none of its own."""
    sources = dict(experiment.data.sources())
    if split in sources:
        return sources[split]
    if split in experiment.data.splits():
        raise ConfigurationError(
            f"{file}: {split} is split off from train when a training begins; label train, which holds both"
        )
    raise ConfigurationError(f"{file}: there is no split {split!r}{did_you_mean(split, sources)}")


def chosen_outputs(
    outputs: "Mapping[str, OutputFieldOptions]", output: str | None, file: Path
) -> "dict[str, OutputFieldOptions]":
    """The outputs that are labelled: the named one, or else those that stand in the same records.

    Args:
        outputs: All outputs of the experiment.
        output: The named one.
        file: The experiment file, for messages.

    Returns:
        The outputs.

    Raises:
        ConfigurationError: There is no output of this name.
    """
    if output is not None and output not in outputs:
        raise ConfigurationError(f"{file}: there is no output {output!r}{did_you_mean(output, outputs)}")
    if output is not None:
        return {output: outputs[output]}
    drawn = {name: one for name, one in outputs.items() if one.annotations is not None}
    return drawn or dict(outputs)


def labelled_output(chosen: "Mapping[str, OutputFieldOptions]") -> str:
    """The output of a model that proposes: of boxes and a mask the boxes; empty for all columns of a table."""
    boxes = [name for name, one in chosen.items() if one.kind == "boxes"]
    return boxes[0] if boxes else next(iter(chosen)) if len(chosen) == 1 else ""


def require_labelled_by_hand(
    source: "SourceOptions", chosen: "Mapping[str, OutputFieldOptions]", file: Path
) -> None:
    """ConfigurationError where nobody labels: forecasts, and sources without records to write into."""
    for name, one in chosen.items():
        if one.kind == "forecast":
            raise ConfigurationError(
                f"{file}: {name} is a forecast, whose answers are later rows of the table; nothing is to be labelled"
            )
        if one.annotations is None and one.kind not in CELLS:
            raise ConfigurationError(f"{file}: {name} is {one.kind}, which is not labelled by hand")
    if source.format in INSTEAD:
        raise ConfigurationError(f"{file}: data is {source.format}; {INSTEAD[source.format]}")


def images_elsewhere(experiment: "Experiment", split: str) -> frozenset[Path]:
    """The images that other splits list."""
    others = [one for name, one in experiment.data.sources() if name != split and one.is_annotated]
    return frozenset(image.path for source in others for image in source.read().images)


def store_of(
    experiment: "Experiment",
    source: "SourceOptions",
    chosen: "Mapping[str, OutputFieldOptions]",
    elsewhere: frozenset[Path],
    image: str,
) -> LabelStore:
    """The store of a source.

    Args:
        experiment: The experiment.
        source: The source.
        chosen: The outputs that are labelled.
        elsewhere: The images of other splits.
        image: The name of the input that is an image; empty if none is.

    Returns:
        The store.

    Raises:
        ConfigurationError: The page has no way to label it.
        DataError: The annotations cannot be read.
    """
    from jumok.labelling.coco_store import CocoStore

    if source.coco is not None:
        return CocoStore(source.coco, source.images, elsewhere, input=image)
    raise ConfigurationError(f"data is {source.format}, which the label page does not write")


def open_folder(path: Path, kind: str | None, classes: tuple[str, ...], format: str | None) -> OpenedLabels:
    """Open a folder without an experiment: photos, or what is annotated already.

    Args:
        path: The folder, or a file of annotations.
        kind: What is marked: boxes, mask, label or text.
        classes: The classes, where nothing says them yet.
        format: How new boxes are written: coco, voc or yolo.

    Returns:
        The annotations.

    Raises:
        ConfigurationError: Too little is said, or it contradicts itself.
        DataError: There is nothing to label, or it cannot be read.
    """
    from jumok.labelling.coco_store import CocoStore

    if kind is None:
        raise ConfigurationError(
            f"{path}: say what is to be marked, by --kind boxes, mask, label or text; or name an experiment file"
        )
    if not path.exists():
        raise DataError(f"{path}: does not exist")
    store = CocoStore(path / "annotations.json", path, classes=classes)
    return OpenedLabels(path.resolve().name, store)
