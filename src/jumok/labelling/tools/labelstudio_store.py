"""Objects in a JSON export of Label Studio: a change replaces the results of its task only."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from jumok.data.annotations.annotated import Annotation, SourceLocation
from jumok.data.annotations.coco.fields import Wrong, record_fault, record_size
from jumok.data.annotations.documents.json_kinds import why_no_label_studio
from jumok.data.annotations.documents.located_json import LocatedJson, Record, decode_text
from jumok.data.annotations.finding import safe_name
from jumok.data.annotations.labelstudio.config import CONFIG_NAME, IMAGE_CONTROL, config_labels
from jumok.data.annotations.labelstudio.reading import TASK_LIST, LabelStudioReader, image_root, readable_size
from jumok.data.annotations.labelstudio.regions import Region, regions_in
from jumok.data.annotations.labelstudio.tasks import (
    StudioTask,
    find_task_images,
    image_address,
    minimal_parts,
    studio_task,
)
from jumok.data.annotations.labelstudio.writing import LOCAL_FILES
from jumok.data.images.reading import Size
from jumok.data.tables.faults import UnreadableFile
from jumok.data.tables.open_text import is_folder
from jumok.files import write_file_atomically
from jumok.labelling.files.cut_file import CutFile
from jumok.labelling.files.guarded_file import read_now, replace_file
from jumok.labelling.files.text_bytes import decompressed
from jumok.labelling.objects.annotation_store import AnnotationStore
from jumok.labelling.objects.annotation_text import ItemText, ReadText, TextObject, WantedObject
from jumok.labelling.objects.image_folder import ImageFolder, image_size
from jumok.labelling.objects.item_texts import ItemTexts, OneFileForm
from jumok.labelling.objects.marks import mark_of
from jumok.labelling.refusals import file_is_gone
from jumok.labelling.tools.labelstudio_changes import changed_task
from jumok.labelling.tools.labelstudio_minimal import RegionChange, is_minimal

LAST_LABEL = re.compile(r"([ \t]*)<Label\b[^>]*?(?:/>|>\s*</Label>)(?!.*<Label\b)", re.DOTALL)
CONTROL = re.compile(r"<(\w+Labels)\b[^>]*>.*?</\1>", re.DOTALL)


def labelstudio_store(
    file: Path,
    images: Path | None = None,
    excluded: Collection[Path] = (),
    classes: Sequence[str] | None = None,
    input: str = "image",
) -> AnnotationStore:
    """The objects in a JSON export of Label Studio.

    Args:
        file: The JSON file.
        images: The folder of the images; found near the file by default.
        excluded: Images that belong to other splits.
        classes: The names of the classes; by default those of a label_config.xml beside the file, or else those that
            occur, sorted.
        input: The name of the image among the inputs of a model.

    Returns:
        The store.
    """
    form = LabelStudioForm(file, images)
    return AnnotationStore(form, ImageFolder(form.folder, excluded), classes, input)


class LabelStudioForm(OneFileForm):
    """A file of tasks."""

    format = "labelstudio"

    def __init__(self, file: Path, images: Path | None) -> None:
        self.place, self.folder = file, images or file.parent
        self._images = images
        self._texts = ItemTexts(file, self._load)
        self._controls: dict[str, tuple[str, str]] = {}
        self._image_field = IMAGE_CONTROL
        self._minimal = False  # whether new tasks are of JSON-MIN
        self.items()

    def read(self, item: ItemText) -> ReadText:
        """The objects of the regions of the annotation that counts, and what is wrong with others."""
        place = SourceLocation(str(self.place), None)
        value = json.loads(item.text or "")
        task = studio_task(Record(value, place), self._texts.place(item.key) + 1, Counter())
        if task.results is None:
            return ReadText(is_answered=False)
        numbers = {id(one): number for number, one in enumerate(task.results)}
        objects: list[TextObject] = []
        problems: list[str] = []
        regions, _ = regions_in(task.results)
        for number, region in enumerate(regions, start=1):
            try:
                one = self._annotation(task, region, item.image)
            except (Wrong, OverflowError) as wrong:
                what = f"{task.name}, region {region.shape.get('id') or number}"
                line = self._texts.cut.line_of(self._texts.place(item.key))
                problems.append(str(record_fault(place, what, wrong)._replace(line=line)))
                continue
            records = tuple(numbers[id(result)] for result in region.results)
            objects.append(TextObject(mark_of(one, str(region.shape.get("id") or f"#{number}")), records))
        return ReadText(tuple(objects), tuple(problems))

    def rewritten(self, item: ItemText, read: ReadText, wanted: Sequence[WantedObject]) -> str:
        """The task of an image with the wanted objects in it."""
        text = item.text if item.text is not None else self._new_task(item)
        size = self._size(item, text)
        if is_minimal(json.loads(text)):
            fields = {kind: field for kind, (field, _) in self._controls.items()}
            return RegionChange(text, size, fields).changed(read.objects, wanted)
        return changed_task(text, read.objects, wanted, size, self._controls)

    def put(self, item: ItemText, text: str) -> None:
        """Write the file with another task of an image."""
        self._texts.put(item, text, gaps_with_one_task_more)

    def known_classes(self) -> Sequence[str]:
        """The labels of a configuration beside the file."""
        return config_labels(self.place)[0] or ()

    def add_class(self, name: str) -> None:
        """Add a label to the controls of a configuration beside the file, if there is one."""
        path = self.place.parent / CONFIG_NAME
        data = read_now(path)
        if data is not None:
            changed = CONTROL.sub(lambda found: with_label(found[0], name), data.decode())
            replace_file(path, changed.encode(), data)

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """A copy of the file."""
        self.items()
        target = folder / self.place.name.removesuffix(".gz")
        write_file_atomically(target, self._texts.cut.text.encode())
        return {"labelstudio": str(target.absolute()), "images": str(self.folder.absolute())}

    def _load(self, data: bytes | None) -> None:
        """Cut what stands on the disk; raises UnreadableFile."""
        if data is None or is_folder(self.place):
            raise file_is_gone(self.place)
        text = decode_text(self.place, decompressed(self.place, data))
        found = LocatedJson(self.place, text, TASK_LIST)
        if TASK_LIST not in found.lists or found.values:
            records, spans = [Record(json.loads(text), SourceLocation(str(self.place), 1))], [0, len(text)]
            fault = why_no_label_studio(self.place, records[0].value)
            if fault is not None:
                raise UnreadableFile(fault)
        else:
            records, spans = found.lists[TASK_LIST], list(found.spans[TASK_LIST])
        borders = [0, *spans, len(text)]
        parts = [text[a:b] for a, b in zip(borders, borders[1:], strict=False)]
        self._texts.cut = CutFile(parts[::2], parts[1::2])
        self._controls = dict(controls_in(records))
        self._find(records)

    def _find(self, records: Sequence[Record]) -> None:
        """Find the images of tasks; those without an image of their own are not shown."""
        tasks: list[tuple[int, StudioTask]] = []
        for place, record in enumerate(records):
            try:
                task = studio_task(record, place + 1, Counter())
            except Wrong as wrong:
                if place == 0 and len(records) == 1:
                    raise UnreadableFile(record.place.fault(str(wrong), wrong.remedy, wrong.kind)) from None
                continue
            tasks.append((place, task))
            self._take_style(record.value, task.name)
        found = find_task_images(self.place, [task.address for _, task in tasks], self._images)
        self.folder = image_root(self.place, found)
        self._texts.clear()
        for (place, _), path in zip(tasks, found.paths, strict=True):
            self._texts.add(safe_name(path, self.folder), path, place)

    def _take_style(self, task: Mapping[str, Any], name: str) -> None:
        """Write new tasks like this one."""
        self._minimal = is_minimal(task)
        data = minimal_parts(task)[0] if self._minimal else task.get("data") or task["task"].get("data")
        if isinstance(data, dict):
            self._image_field = image_address(data, name)[0]

    def _annotation(self, task: StudioTask, region: Region, image: Path) -> Annotation:
        """The object of a region; raises Wrong."""
        stated = record_size(dict(region.shape), "original_width", "original_height")
        reader = LabelStudioReader(self.place, {})
        return reader.annotation(task, region, stated or readable_size(image))

    def _size(self, item: ItemText, text: str) -> Size:
        """The size of an image: as its results state it, or else that of the file."""
        task = studio_task(Record(json.loads(text), SourceLocation(str(self.place), None)), 1, Counter())
        for one in task.results or ():
            stated = record_size(dict(one), "original_width", "original_height")
            if stated is not None:
                return stated
        return image_size(item.image)

    def _new_task(self, item: ItemText) -> str:
        """The task of an image that the file does not list yet, named as a local file."""
        values = [json.loads(text) for text in self._texts.cut.texts]
        ids = [one["id"] for one in values if isinstance(one, dict) and type(one.get("id")) is int]
        image = item.image.absolute()
        root = self.place.parent.absolute()
        path = image.relative_to(root).as_posix() if image.is_relative_to(root) else image.name
        number, data = max(ids, default=0) + 1, {self._image_field: f"{LOCAL_FILES}{quote(path)}"}
        task = {"id": number, **data} if self._minimal else {"id": number, "data": data, "annotations": []}
        return json.dumps(task, ensure_ascii=False)


def controls_in(records: Sequence[Record]) -> Iterator[tuple[str, tuple[str, str]]]:
    """The names of control and image of each type of results that occurs."""
    for record in records:
        task = record.value if isinstance(record.value, dict) else {}
        for one in minimal_parts(task)[1] if is_minimal(task) else ():
            yield str(one["type"]), (str(one["from_name"]), IMAGE_CONTROL)
        for name in ("annotations", "completions", "predictions"):
            answers = task.get(name)
            for answer in answers if isinstance(answers, list) else []:
                results = answer.get("result") if isinstance(answer, dict) else None
                for one in results if isinstance(results, list) else []:
                    if isinstance(one, dict) and isinstance(one.get("from_name"), str):
                        yield (
                            str(one.get("type")),
                            (one["from_name"], str(one.get("to_name") or IMAGE_CONTROL)),
                        )


def gaps_with_one_task_more(cut: CutFile) -> list[str]:
    """The gaps of a file to which a task is added, behind the last one."""
    if not cut.texts:
        return ["[\n", "\n]" + cut.gaps[0].rpartition("]")[2]]
    head = cut.gaps[0].partition("[")[2]
    return [*cut.gaps[:-1], cut.gaps[-2] if len(cut.texts) > 1 else f",{head or ' '}", cut.gaps[-1]]


def with_label(control: str, name: str) -> str:
    """A control of a configuration with one more label, unless it has that already."""
    label = f"<Label value={quoteattr(name)}/>"
    if label in control:
        return control
    return LAST_LABEL.sub(lambda found: f"{found[0]}\n{found[1]}{label}", control, count=1)
