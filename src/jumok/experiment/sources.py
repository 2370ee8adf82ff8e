"""Options of data sources: texts, tables, series, and annotated images."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt, WithJsonSchema, model_validator

from jumok.experiment.reading import NamedInputs, with_clips, with_images, with_tabled_series
from jumok.experiment.table_sources import (
    NamedOutputs,
    files_source,
    lines_source,
    refuse_drawn,
    table_source,
)
from jumok.experiment.windows import windows_source
from jumok.kinds.options import Options, error_at

if TYPE_CHECKING:
    from jumok.data.annotations.annotated import AnnotatedSet
    from jumok.data.annotations.source import AnnotationSource
    from jumok.data.annotations.texts import TextColumns
    from jumok.data.tables.sources import Source

ANNOTATED = ("voc", "coco", "yolo", "labelme", "cvat", "labelstudio", "boxes", "masks", "object_masks")
SOURCE_FORMATS = ("lines", "table", "lexicon", "files", *ANNOTATED, "arrays", "recordings", "windows")
JOINS = ("table", "arrays")  # formats that may have several columns for one name
BELONGS = {  # which formats an option is for
    "columns": ("table", "boxes", "coco", "labelstudio", "arrays", "recordings"),
    "texts": ANNOTATED,
    "separator": ("table",),
    "stress": ("lexicon",),
    "images": ("coco", "voc", "labelme", "cvat", "labelstudio", "boxes", "masks", "object_masks"),
    "split": ("voc", "yolo", "cvat"),
    "classes": ("voc", "labelme", "cvat", "labelstudio", "boxes", "masks", "object_masks"),
    "ignore": ("masks",),
    "instances": ("masks",),
    "text": ("files",),
    "window": ("recordings",),
    "stretches": ("recordings",),
    "stride": ("recordings", "windows"),
    "past": ("windows",),
    "rows": ("windows",),
    "time": ("windows",),
    "calendar": ("windows",),
}


def one_character(value: Any) -> Any:
    """Check a separator: one character, or the word tab."""
    if value in ("tab", "\\t"):
        return "\t"
    if not isinstance(value, str) or len(value) != 1 or value in '"\r\n\0':
        raise ValueError(f"expected one character, like ';', or tab; got {value!r}")
    return value


Channel = Annotated[int, Field(ge=0, le=255)]
PixelValue = Annotated[int, Field(ge=0)]
ColourOption = tuple[Channel, Channel, Channel]
ColumnOption = Annotated[str, Field(strict=True)] | Annotated[int, Field(strict=True, ge=1)]
Separator = Annotated[
    str,
    BeforeValidator(one_character),
    WithJsonSchema({"type": "string", "description": "one character, or tab"}),
]
SeveralColumns = Annotated[tuple[ColumnOption, ...], Field(min_length=2)]


class SourceOptions(Options):
    """One split of the data: parallel files, a table, a pronouncing dictionary, series, or annotated images.

    Paths start at the experiment file.
    """

    lines: dict[str, Path] | None = None
    table: Path | None = None
    # for a table: our name to the name in the file, or to its number; for arrays to that of the array; several of them
    # are one answer
    columns: dict[str, ColumnOption | SeveralColumns] | None = None
    separator: Separator | None = None  # for a table: what stands between its cells
    lexicon: Path | None = None
    stress: Literal["keep", "remove"] = "keep"  # for a lexicon
    files: Path | None = None  # a folder of images whose text is in their names
    text: Literal["stem", "folder"] = "stem"  # for files: the name without suffix, or that of the folder
    voc: Path | None = None  # the folder that holds JPEGImages and Annotations, or images and XML files alone
    coco: Path | None = None  # the JSON file
    yolo: Path | None = None  # the data.yaml
    labelme: Path | None = None  # the folder of JSON files
    cvat: Path | None = None  # the annotations.xml of "CVAT for images"
    labelstudio: Path | None = None  # the JSON file of tasks
    boxes: Path | None = None  # a table with a row for each box
    masks: Path | None = None  # a folder of masks, or a list file with `image mask` on each line
    object_masks: Path | None = None  # a folder of one mask for each object
    images: Path | None = None  # the folder of images, where the format does not say it
    # for annotated images: a table of their names and of what else is read or answered
    texts: Path | None = None
    split: str | None = None
    # for masks in the order of their values, or with their values or colours
    classes: tuple[str, ...] | dict[str, PixelValue] | dict[str, ColourOption] | None = None
    # the value of mask pixels that do not count; auto: 255, unless it is a class's
    ignore: PixelValue | Literal["auto"] | None = "auto"
    instances: bool = False  # for masks: each object has a number of its own, 0 is none
    arrays: Path | None = None  # a .npz file, or a folder of .npy files
    recordings: Path | None = None  # a long table: an id, a row for each time step
    window: PositiveInt | None = None  # for recordings: rows of an example
    # rows from one window to the next; `window` in recordings and 1 in windows, if not given
    stride: PositiveInt | None = None
    # for recordings: labels may change within one; each stretch with the same is a recording, rows without are left out
    stretches: bool = False
    windows: Path | None = None  # a table with a row for each time step, cut into windows for forecasts
    past: PositiveInt | None = None  # for windows: time steps before those to come
    # for windows: the rows that steps to come are taken from, from 0, without the last; all by default
    rows: tuple[NonNegativeInt, NonNegativeInt | None] | None = None
    time: str | None = None  # for windows: the clock, if it is not called time, timestamp, date or datetime
    # for windows: inputs that are made of the clock, each with its periods
    calendar: dict[str, tuple[Literal["hour", "weekday", "month"], ...]] | None = None

    @property
    def format(self) -> str:
        """The name of the one format that is given."""
        return next(name for name in SOURCE_FORMATS if getattr(self, name) is not None)

    @property
    def is_annotated(self) -> bool:
        """Whether it holds annotated images, and no rows of a table."""
        return self.format in ANNOTATED

    @model_validator(mode="after")
    def one_of_them(self) -> "SourceOptions":
        """Check that exactly one format is given, with options that belong to it."""
        given = [name for name in SOURCE_FORMATS if getattr(self, name) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            known = f"{', '.join(SOURCE_FORMATS[:-1])} or {SOURCE_FORMATS[-1]}"
            raise ValueError(f"name exactly one of {known}; got {found}")
        for option, formats in BELONGS.items():
            if getattr(self, option) != type(self).model_fields[option].default and given[0] not in formats:
                raise error_at(f"belongs to {' and '.join(formats)}; this is {given[0]}", option)
        for name in self.joined_columns if given[0] not in JOINS else ():
            problem = f"has several columns, which belong to {' and '.join(JOINS)}; this is {given[0]}"
            raise error_at(problem, "columns", name)
        if self.yolo is not None and self.split is None:
            raise error_at("say which split of the yolo data, like split: train", "split")
        if self.masks is not None and not self.classes:
            raise error_at("masks need the names of their classes, in the order of their values", "classes")
        if self.masks is not None:
            self._check_values()
        if self.boxes is not None:
            self._check_box_columns()
        if self.windows is not None and self.past is None:
            raise error_at("windows need their length before the steps to come, like past: 336", "past")
        if self.recordings is not None and self.stride is not None and self.window is None:
            raise error_at("belongs to window: the rows of an example", "stride")
        return self

    def _check_box_columns(self) -> None:
        """Refuse columns of a table of boxes that say nothing, or are no numbers."""
        from jumok.data.annotations.box_tables.columns import named_places

        for name, number in (self.columns or {}).items():
            if not named_places([name]):
                raise error_at(
                    "is no column of boxes; name them like filename, xmin, ymin, xmax, ymax, class, width, height",
                    "columns",
                    name,
                )
            if not isinstance(number, int):
                raise error_at(
                    "columns of boxes have numbers, from 1; names stand in the table", "columns", name
                )

    @property
    def joined_columns(self) -> dict[str, tuple[str | int, ...]]:
        """The names that have several columns, or arrays."""
        return {name: given for name, given in (self.columns or {}).items() if isinstance(given, tuple)}

    @property
    def box_columns(self) -> dict[str, int]:
        """The columns of a table of boxes that are given by number."""
        return {name: number for name, number in (self.columns or {}).items() if isinstance(number, int)}

    def _check_values(self) -> None:
        """Refuse values of masks that contradict each other."""
        classes = self.classes or ()
        values = list(classes.values()) if isinstance(classes, dict) else list(range(len(classes)))
        if len(set(values)) < len(values):
            raise error_at("two classes have the same value; give each its own", "classes")
        if self.ignore in values and not self.instances:
            raise error_at(
                f"{self.ignore} is the value of a class, too; name another value, or null", "ignore"
            )
        if self.instances and (isinstance(classes, dict) or len(classes) > 2):
            raise error_at("masks of instances have objects of one class, like classes: [cell]", "classes")

    def build(self, inputs: NamedInputs, outputs: NamedOutputs) -> "Source":
        """The reader of this source, with a column for each input and output; raises ValueError if one is missing."""
        from jumok.data.tables.sources import LexiconSource

        names = (*inputs, *outputs)
        if self.arrays is not None or self.recordings is not None:
            from jumok.experiment.series_sources import array_source, recording_source, with_series

            refuse_drawn(inputs, outputs)
            if self.arrays is not None:
                arrays = array_source(self.arrays, self.columns or {}, inputs, outputs)
                return with_series(arrays, {**inputs, **outputs})
            return with_series(recording_source(self, inputs, outputs), inputs)
        if self.files is not None:
            return with_images(files_source(self.files, self.text, inputs, outputs), inputs)
        if self.lines is not None:
            refuse_drawn(inputs, outputs)
            return with_images(with_clips(lines_source(self.lines, inputs, outputs), inputs), inputs)
        if self.table is not None:
            refuse_drawn(inputs, outputs)
            table = table_source(self.table, self.columns or {}, inputs, outputs, self.separator)
            return with_images(with_tabled_series(with_clips(table, inputs), {**inputs, **outputs}), inputs)
        if self.lexicon is not None:
            refuse_drawn(inputs, outputs)
            if len(names) != 2:
                raise ValueError(
                    f"a lexicon has two columns, spelling and pronunciation; the experiment has {len(names)}"
                )
            return with_images(LexiconSource(self.lexicon, (names[0], names[1]), self.stress), inputs)
        if self.windows is not None:
            return windows_source(
                self.windows,
                self.past or 1,
                self.rows or (0, None),
                self.stride or 1,
                self.time,
                self.calendar or {},
                inputs,
                outputs,
            )
        return self.annotation_source(inputs, outputs)

    def annotation_source(self, inputs: NamedInputs, outputs: NamedOutputs) -> "AnnotationSource":
        """The source for annotated images; raises ValueError if a field is no image, boxes or mask."""
        from jumok.data.annotations.source import AnnotationSource

        kinds = {name: one.kind for name, one in {**inputs, **outputs}.items()}
        texts = self._texts(inputs, outputs)
        if self.masks is not None and "boxes" in kinds.values() and not self.instances:
            raise ValueError(
                "masks do not say where one object ends and the next begins; boxes can be made of them only where "
                "each object has a number of its own (instances: true)"
            )
        place = getattr(self, self.format)
        how = self.model_dump_json() + (f" optional: {texts.optional}" if texts.optional else "")
        image = next((name for name, one in inputs.items() if one.is_image), "image")
        return AnnotationSource(lambda: self._read_with(texts, image), place, kinds, how)

    def _texts(self, inputs: NamedInputs, outputs: NamedOutputs) -> "TextColumns":
        """The fields that are neither images nor drawn in them; ValueError where the source has no such texts."""
        from jumok.data.annotations.texts import TextColumns

        drawn = [name for name, one in inputs.items() if one.is_image]
        drawn += [name for name, one in outputs.items() if one.annotations is not None]
        others = {name: one for name, one in {**inputs, **outputs}.items() if name not in drawn}
        answered = self.texts is not None or self.labelstudio is not None
        given = others if answered else inputs if self.coco is not None else ()
        for name, one in ((name, one) for name, one in others.items() if name not in given):
            wrong = (
                f"{name} is {one.kind}; name a table of it by texts:, with a column for the names of images, "
                "or put the examples into a table, with a column for the paths of images"
            )
            raise ValueError(f"annotations give images, boxes and masks, but {wrong}")
        strange = [name for name in self.columns or () if name not in others]
        if strange and self.format in ("coco", "labelstudio"):
            raise ValueError(f"columns name texts beside the images of {self.format}; {strange[0]!r} is none")
        if self.texts is not None and not others:
            raise ValueError("texts is a table of what is read beside images, but nothing else is read")
        return TextColumns(tuple(others), tuple(name for name in inputs if inputs[name].optional))

    def _read_with(self, texts: "TextColumns", image: str) -> "AnnotatedSet":
        """The annotations with the texts beside their images."""
        from jumok.data.annotations.texts import join_texts, require_texts

        if self.texts is not None:
            return join_texts(self.read(), self.texts, image, texts)
        file = self.coco or self.labelstudio
        if file is None or not texts.names:
            return self.read()
        fields = {name: str((self.columns or {}).get(name, name)) for name in texts.names}
        return require_texts(self.read(fields), texts, file)

    def read(self, fields: Mapping[str, str] = MappingProxyType({})) -> "AnnotatedSet":
        """Read the annotations, of coco and labelstudio with these fields as texts.

        Images are not read, unless the format needs their size.
        """
        from jumok.data.annotations.box_tables.reading import read_box_table
        from jumok.data.annotations.coco.reading import read_coco
        from jumok.data.annotations.cvat.reading import read_cvat
        from jumok.data.annotations.labelme.reading import read_labelme
        from jumok.data.annotations.labelstudio.reading import read_labelstudio
        from jumok.data.annotations.masks.class_masks import read_masks
        from jumok.data.annotations.masks.object_masks import read_object_masks
        from jumok.data.annotations.voc.reading import read_voc
        from jumok.data.annotations.yolo.reading import read_yolo

        names = tuple(self.classes) if self.classes else None
        if self.voc is not None:
            return read_voc(self.voc, self.split, names, self.images)
        if self.coco is not None:
            return read_coco(self.coco, self.images, fields)
        if self.yolo is not None:
            return read_yolo(self.yolo, self.split or "")
        if self.labelme is not None:
            return read_labelme(self.labelme, self.images, names)
        if self.cvat is not None:
            return read_cvat(self.cvat, self.images, self.split, names)
        if self.labelstudio is not None:
            return read_labelstudio(self.labelstudio, self.images, names, fields)
        if self.object_masks is not None:
            return read_object_masks(self.object_masks, self.images, names)
        if self.boxes is not None:
            return read_box_table(self.boxes, self.images, names, self.box_columns)
        return read_masks(self.masks or Path(), self.classes or (), self.images, self.ignore, self.instances)
