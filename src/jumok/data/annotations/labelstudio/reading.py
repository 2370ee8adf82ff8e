"""Label Studio: a JSON file of tasks, each with an image and the annotations that people submitted.

JSON and JSON-MIN are read. Of several annotations of a task the ground truth counts, or else the one changed last;
skipped ones, drafts and predictions do not. Choices and texts about a whole image are read as texts beside it. Rotated
boxes become an outline of their corners.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jumok.data.annotations.annotated import (
    OBJECT_FLAGS,
    AnnotatedImage,
    AnnotatedSet,
    Annotation,
    SourceLocation,
    classes_in,
    header_size,
    nothing_but,
    utf8_names,
)
from jumok.data.annotations.coco.fields import Wrong, record_fault, record_size
from jumok.data.annotations.documents.json_kinds import why_no_label_studio
from jumok.data.annotations.documents.located_json import LocatedJson, Record
from jumok.data.annotations.finding import FoundImages, safe_name
from jumok.data.annotations.labelstudio.config import config_labels
from jumok.data.annotations.labelstudio.regions import (
    ANSWERS,
    FLAG_CHOICES,
    Region,
    answer_as_text,
    base_type,
    is_rotated,
    one_label,
    region_shape,
    regions_in,
    text_of_answer,
)
from jumok.data.annotations.labelstudio.tasks import (
    ANSWERED_TWICE,
    BARE,
    PREDICTED,
    SKIPPED,
    StudioTask,
    find_task_images,
    studio_task,
)
from jumok.data.images.reading import Size
from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.open_text import is_file, is_folder
from jumok.data.tables.rows import clean
from jumok.wording import quantity

TASK_LIST = "tasks"
REGION_KEYS = ("meta", "parentID", "score")  # of a region, that are not kept
ROTATED = "read as an outline of the corners"  # of boxes
STUDIO_REMEDIES = {
    SKIPPED: "submit them in Label Studio, if they should count",
    PREDICTED: "submit them in Label Studio, if they are right",
    BARE: "submit one, without regions for an image without objects",
    ANSWERED_TWICE: "mark one of each as ground truth, if it should be another",
    ROTATED: "nothing needs to be done",
}


def read_labelstudio(
    file: Path,
    images: Path | None = None,
    classes: Sequence[str] | None = None,
    texts: Mapping[str, str] = MappingProxyType({}),
) -> AnnotatedSet:
    """Read an export of Label Studio.

    Args:
        file: The JSON file.
        images: The folder of the images; found near the file by default.
        classes: Names of the classes; by default those of a label_config.xml beside the file, or else those that
            occur, sorted.
        texts: Answers about whole images, or fields of the data, by their names in the experiment.

    Returns:
        The images with their annotations and the faults.
    """
    if is_folder(file):
        problem, remedy = "is a folder", "name the JSON file of Label Studio in it"
        return nothing_but(Fault(str(file), None, problem, remedy, "missing_file"), file)
    try:
        records = task_records(file)
    except UnreadableFile as unreadable:
        return nothing_but(unreadable.fault, file)
    return LabelStudioReader(file, texts).result(records, images, classes)


def task_records(file: Path) -> list[Record]:
    """The tasks in a file, a list or a single one; raises UnreadableFile."""
    found = LocatedJson(file, list_name=TASK_LIST)
    if TASK_LIST in found.lists and not found.values:
        return found.lists[TASK_LIST]
    whole = {**found.values, **{name: [one.value for one in some] for name, some in found.lists.items()}}
    fault = why_no_label_studio(file, whole)
    if fault is not None:
        raise UnreadableFile(fault)
    return [Record(whole, SourceLocation(str(file), 1))]


class LabelStudioReader:
    """Reads the tasks of a file and collects faults."""

    def __init__(self, file: Path, texts: Mapping[str, str]) -> None:
        self.file, self.texts = file, texts
        self.faults: list[Fault] = []
        self.left_out: Counter[str] = Counter()
        self.without_area: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()

    def result(
        self, records: Sequence[Record], images: Path | None, classes: Sequence[str] | None
    ) -> AnnotatedSet:
        """The images of the file, found on the disk, with their annotations.

        Args:
            records: The tasks.
            images: The folder of the images; None looks near the file.
            classes: The names of the classes; None takes those of the configuration or the annotations.

        Returns:
            The images with their annotations, and the faults.
        """
        tasks = [one for one in self.tasks(records) if one.results is not None]
        found = find_task_images(self.file, [task.address for task in tasks], images)
        good, faults = utf8_names(found.paths)
        writable, folder = set(good), image_root(self.file, found)
        read = [
            self.annotated_image(task, path, safe_name(path, folder))
            for task, path in zip(tasks, found.paths, strict=True)
            if path in writable
        ]
        config, config_file = config_labels(self.file)
        return AnnotatedSet(
            classes_in(read, config if classes is None else classes),
            tuple(self.distinct(read)),
            (*faults, *self.faults, *self.nothing_answered(records, tasks)),
            dropped_fields=self.left_out + self.without_area,
            remarks=(*found.remarks, *self.remarks()),
            looked_at=(self.file, config_file, *found.looked_at),
        )

    def tasks(self, records: Sequence[Record]) -> Iterator[StudioTask]:
        """The tasks that can be read."""
        for number, record in enumerate(records, start=1):
            try:
                yield studio_task(record, number, self.notes)
            except Wrong as wrong:
                self.faults.append(record.place.fault(str(wrong), wrong.remedy, wrong.kind))

    def annotated_image(self, task: StudioTask, path: Path, name: str) -> AnnotatedImage:
        """The image of a task.

        Args:
            task: The task.
            path: Its image, there or not.
            name: Name of the image.

        Returns:
            The image with the annotations that can be read.
        """
        regions, rest = regions_in(task.results or ())
        size: Size | None = None
        found: list[Annotation] = []
        for number, region in enumerate(regions, start=1):
            try:
                size = self.size(region, size)
                found.append(self.annotation(task, region, size or readable_size(path)))
            except (Wrong, OverflowError) as wrong:
                what = f"{task.name}, region {region.shape.get('id') or number}"
                self.faults.append(record_fault(task.place, what, wrong))
        answers = {**self.data_texts(task), **self.answers(rest)}
        asked = tuple((ours, clean(answers[name])) for ours, name in self.texts.items() if answers.get(name))
        return AnnotatedImage(path, name, task.place, size, tuple(found), id=task.id, texts=asked)

    def size(self, region: Region, known: Size | None) -> Size | None:
        """The size that a region states, or the known one; raises Wrong if they differ."""
        stated = record_size(dict(region.shape), "original_width", "original_height")
        if None not in (stated, known) and stated != known:
            raise Wrong(
                f"states an image of {stated}, but another region {known}", "export it again", "bad_value"
            )
        return stated or known

    def annotation(self, task: StudioTask, region: Region, size: Size) -> Annotation:
        """The object of a region; raises Wrong if it cannot be read.

        Args:
            task: Its task.
            region: The region.
            size: Size of the image.

        Returns:
            The object.
        """
        shape = region_shape(region, size)
        label = one_label(region)
        self.notes[ROTATED] += is_rotated(region)
        self.left_out.update(key for key in REGION_KEYS if region.shape.get(key))
        flags: set[str] = set()
        for other in region.others:
            value = other.get("value")
            chosen = value.get("choices") if isinstance(value, dict) else None
            on = [one for one in chosen if one in OBJECT_FLAGS] if isinstance(chosen, list) else []
            if other.get("from_name") == FLAG_CHOICES and on == chosen:
                flags.update(on)
            else:
                self.left_out[f"{base_type(other)} of objects"] += 1
        named = dict.fromkeys(sorted(flags), True)
        return Annotation(shape.box, label, task.place, segmentation=shape.outline, **named)

    def answers(self, results: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """The answers about the whole image by the name of their control; what is not asked for is counted."""
        found: dict[str, str] = {}
        for one in results:
            name, text = str(one.get("from_name", "")), answer_as_text(one)
            if text is not None and name in self.texts.values():
                found[name] = text
            elif one.get("type") in ANSWERS:
                self.left_out[f"{one['type']} of images"] += 1
            else:
                self.without_area[str(one.get("type") or "results without a type")] += 1
        return found

    def data_texts(self, task: StudioTask) -> dict[str, str]:
        """The fields of the data that are asked for; the others are counted."""
        asked = {name: one for name, one in task.data.items() if name in self.texts.values()}
        self.left_out.update(f"{name} of the data" for name in task.data if name not in asked)
        found = {name: text_of_answer(one) for name, one in asked.items()}
        return {name: text for name, text in found.items() if text is not None}

    def distinct(self, images: Sequence[AnnotatedImage]) -> Iterator[AnnotatedImage]:
        """Each image once; a second task of a file is reported and left out."""
        first: dict[Path, AnnotatedImage] = {}
        for image in images:
            other = first.setdefault(image.path, image)
            if other is not image:
                problem = f"task {image.id}: {image.name!r} is already the image of task {other.id}"
                self.faults.append(image.place.fault(problem, "merge the two tasks", "duplicate_image"))
                continue
            yield image

    def nothing_answered(self, records: Sequence[Record], tasks: Sequence[StudioTask]) -> Iterator[Fault]:
        """One fault if no task has an annotation."""
        if tasks or self.faults:
            return
        why = ", ".join(
            f"{quantity(self.notes[what], 'task')} {what}"
            for what in (SKIPPED, PREDICTED, BARE)
            if self.notes[what]
        )
        problem = f"has no annotations ({why})" if records else "has no tasks"
        yield Fault(
            str(self.file), None, problem, "submit some in Label Studio and export again", "empty_file"
        )

    def remarks(self) -> Iterator[Fault]:
        """What was left out, and which of several was read."""
        for what, remedy in STUDIO_REMEDIES.items():
            if count := self.notes[what]:
                told = f"{quantity(count, 'rotated box' if what == ROTATED else 'task')} {what}"
                said = told if what in (ANSWERED_TWICE, ROTATED) else f"left out: {told}"
                yield Fault(str(self.file), None, said, remedy, "left_out")
        for what, count in self.without_area.items():
            told = f"{quantity(count, 'result')} of the type {what}"
            problem = f"left out, because they are neither boxes nor outlines: {told}"
            yield Fault(str(self.file), None, problem, "nothing needs to be done", "left_out")


def image_root(file: Path, found: FoundImages) -> Path:
    """The folder below which images are named: that of a split beside the file, images/, or where they were found."""
    there = [path for path in found.paths if is_file(path)]
    for folder in (file.parent / "images" / file.stem, file.parent / "images"):
        if there and all(path.is_relative_to(folder) for path in there):
            return folder
    return found.folder


def readable_size(path: Path) -> Size:
    """The size of an image file; raises Wrong if it cannot be read, for percent say nothing then."""
    size = header_size(path)
    if isinstance(size, Fault):
        problem = f"states no original size, and {path} cannot be read"
        raise Wrong(problem, "add the image, or export original_width and original_height", "bad_value")
    return size
