"""Where a person labels the rows of an experiment: the split that the label page opens for them."""

from collections.abc import Mapping

from jumok.experiment.options import Experiment
from jumok.experiment.sources import SourceOptions
from jumok.kinds.options import OutputFieldOptions

LABELLED_FORMATS = (  # annotated images
    "voc",
    "coco",
    "yolo",
    "labelme",
    "cvat",
    "labelstudio",
    "boxes",
    "object_masks",
    "masks",
)
LABELLED_CELLS = ("label", "text", "values")  # kinds of outputs whose answers stand in cells of a table
COMPRESSED = ".gz"


def source_of_rows(experiment: Experiment, split: str) -> SourceOptions:
    """The files that the rows of a split are read from: its own, or those of train, which they are split off from."""
    return dict(experiment.data.sources()).get(split, experiment.data.train)


def labelled_split(experiment: Experiment, split: str) -> str | None:
    """The split that the label page opens to show the rows of a split: itself, or train, which it is split off from.

    Args:
        experiment: The experiment.
        split: The split.

    Returns:
        Its name; None where the label page has no item for each of these rows, for example of forecasts or arrays.
    """
    source = source_of_rows(experiment, split)
    images = sum(one.is_image for one in experiment.inputs.values())
    if images > 1 or not are_labelled(source, experiment.outputs):
        return None
    return split if split in dict(experiment.data.sources()) else "train"


def are_labelled(source: SourceOptions, outputs: Mapping[str, OutputFieldOptions]) -> bool:
    """Whether the label page writes the answers of these outputs into the files of a source, item by item."""
    if source.is_annotated:
        return source.format in LABELLED_FORMATS and any(one.annotations for one in outputs.values())
    if source.table is None or source.table.suffix.lower() == COMPRESSED:
        return False
    columns = source.columns or {}
    return all(
        one.kind in LABELLED_CELLS and not isinstance(columns.get(name), tuple)
        for name, one in outputs.items()
    )
