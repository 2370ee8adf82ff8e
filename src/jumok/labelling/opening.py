"""Opens annotations to be labelled: of a split of an experiment, or of a folder."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jumok.errors import ConfigurationError, DataError, did_you_mean
from jumok.experiment.found_series import SourceSettings
from jumok.experiment.labelled import LABELLED_CELLS
from jumok.labelling.contract import LabelStore
from jumok.wording import quantity

if TYPE_CHECKING:
    from jumok.experiment.options import Experiment
    from jumok.experiment.sources import SourceOptions
    from jumok.kinds.options import OutputFieldOptions
    from jumok.labelling.opening_objects import ObjectFormat


@dataclass(frozen=True)
class OpenedLabels:
    """The annotations that are labelled, and what they belong to."""

    name: str  # of the experiment or the folder
    store: LabelStore
    split: str = "train"
    output: str = ""  # of the experiment
    experiment: "Experiment | None" = None
    elsewhere: frozenset[Path] = frozenset()  # images of other splits, which are not labelled here
    beside: Mapping[str, SourceSettings] = field(default_factory=dict)  # other splits that a folder holds


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
            f"{file}: each example has {quantity(len(images), 'image')} ({', '.join(images)}), and the page shows one; "
            "label them in a table of your own"
        )
    if not source.is_annotated or output is not None and chosen[output].annotations is None:
        store = row_store(experiment, source)
        return OpenedLabels(file.stem, store, split, labelled_output(chosen), experiment)
    elsewhere = images_elsewhere(dict(experiment.data.sources()), split)
    store = image_store(source, elsewhere, images[0])
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
        if one.annotations is None and one.kind not in LABELLED_CELLS:
            raise ConfigurationError(f"{file}: {name} is {one.kind}, which is not labelled by hand")


def images_elsewhere(sources: "Mapping[str, SourceOptions]", split: str) -> frozenset[Path]:
    """The images that other splits list."""
    others = [one for name, one in sources.items() if name != split and one.is_annotated]
    return frozenset(image.path for source in others for image in source.read().images)


def row_store(experiment: "Experiment", source: "SourceOptions") -> LabelStore:
    """The store of a table, or of recordings; ConfigurationError or DataError for what has no cells to fill."""
    from jumok.labelling.recordings.row_sources import open_rows
    from jumok.labelling.recordings.store import open_recordings

    if source.recordings is not None:
        return open_recordings(source, experiment.inputs, experiment.outputs)
    return open_rows(source, experiment.inputs, experiment.outputs)


def image_store(
    source: "SourceOptions", elsewhere: frozenset[Path], image: str, may_grow: bool = False
) -> LabelStore:
    """The store of annotated images.

    Args:
        source: The source.
        elsewhere: The images of other splits.
        image: The name of the input that is an image.
        may_grow: Whether masks may get classes, because no experiment names them.

    Returns:
        The store.

    Raises:
        DataError: The annotations cannot be read, or are of a format that is not written.
    """
    from jumok.labelling.masks.store import open_masks
    from jumok.labelling.opening_objects import open_object_source

    if source.masks is not None:
        return open_masks(source, excluded=elsewhere, input=image, may_grow=may_grow)
    return open_object_source(source, excluded=elsewhere, input=image)


def yaml_keys(path: Path) -> set[str]:
    """The names at the left edge of a YAML file: `outputs` of an experiment, `names` of the data.yaml of a data set."""
    text = path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else ""
    return set(re.findall(r"^[\"']?(\w+)[\"']?\s*:", text, re.MULTILINE))


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
    if not path.exists():
        raise DataError(f"{path}: does not exist; name a folder of your data, or an experiment file")
    if kind is None:
        raise ConfigurationError(
            f"{path}: say what is to be marked, by --kind boxes, mask, label or text; or name an experiment file"
        )
    name = path.resolve().name if path.is_dir() else path.stem
    if kind == "label" or kind == "text":
        return OpenedLabels(name, table_of_folder(path, kind, classes))
    found = None if kind == "mask" and classes else found_annotations(path, kind)
    if found is None:
        return OpenedLabels(name, new_store(path, kind, classes, format))
    sources = {split: source_options(one) for split, one in found.items()}
    if format is not None and sources["train"].format != format:
        raise ConfigurationError(
            f"{path} holds {sources['train'].format} already; leave out --format {format}, or convert it: jumok convert"
        )
    elsewhere = images_elsewhere(sources, "train")
    store = with_classes(image_store(sources["train"], elsewhere, "image", may_grow=True), classes)
    beside = {split: one for split, one in found.items() if split != "train"}
    return OpenedLabels(name, store, elsewhere=elsewhere, beside=beside)


def source_options(given: SourceSettings) -> "SourceOptions":
    """A detected source as an experiment would have it."""
    from jumok.experiment.sources import SourceOptions

    return SourceOptions.model_validate(dict(given))


def with_classes(store: LabelStore, classes: tuple[str, ...]) -> LabelStore:
    """A store that has these classes, too."""
    for name in classes:
        if name not in store.classes():
            store.add_class(name)
    return store


def table_of_folder(path: Path, kind: str, classes: tuple[str, ...]) -> LabelStore:
    """The labels or texts of the images in a folder, in a table beside them; ConfigurationError for a file."""
    from jumok.labelling.tables.image_table import open_image_table

    if not path.is_dir():
        raise ConfigurationError(
            f"{path} is a file; name a folder of images, or an experiment: jumok new x.yaml --data {path}"
        )
    return open_image_table(path, "label" if kind == "label" else "text", classes)


def found_annotations(path: Path, kind: str) -> "Mapping[str, SourceSettings] | None":
    """The splits of annotations at a path; None if there are only images, or a folder of them."""
    from jumok.data.annotations.splits.detecting import look_at
    from jumok.experiment.found import annotations, masks

    if kind == "boxes":
        known = look_at(path)
        return None if known is None else annotations(known).splits
    try:
        return masks(path).splits
    except DataError:
        return None


def new_store(path: Path, kind: str, classes: tuple[str, ...], format: str | None) -> LabelStore:
    """The store of a folder of images without annotations, whose files the first mark makes.

    Args:
        path: The folder.
        kind: boxes or mask.
        classes: The classes.
        format: How boxes are written.

    Returns:
        The store.

    Raises:
        ConfigurationError: It is a file, or there are no classes.
        DataError: The folder holds no images.
    """
    from jumok.data.images.reading import SUFFIXES
    from jumok.data.tables.listing import files_below
    from jumok.labelling.masks.store import open_mask_folder
    from jumok.labelling.opening_objects import new_objects

    if not path.is_dir():
        raise ConfigurationError(f"{path} is a file without annotations; name the folder of images")
    if not files_below(path, SUFFIXES).files:
        raise DataError(
            f"{path}: holds no images; name a folder with files that end in {', '.join(SUFFIXES)}"
        )
    if kind == "mask":
        return open_mask_folder(path, classes)
    written: ObjectFormat = "voc" if format == "voc" else "yolo" if format == "yolo" else "coco"
    return new_objects(path, written, classes, ())
