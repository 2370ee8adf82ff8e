"""Objects in folders of one mask for each: a mask that is not changed keeps its bytes, others are painted anew."""

import hashlib
from collections.abc import Collection, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from time import time_ns
from typing import Any

from jumok.data.annotations.masks.object_masks import OBJECT, read_object_masks
from jumok.data.annotations.segmentation import Polygon, covered
from jumok.data.cache.states import FileState, is_settled, state_of
from jumok.errors import DataError
from jumok.labelling.contract import ItemMarks, ItemState, LabelItem
from jumok.labelling.files.changes import FileChanges
from jumok.labelling.files.guarded_file import ChangedMeanwhile, read_now
from jumok.labelling.files.png_chunks import PNG_SIGNATURE
from jumok.labelling.masks.outlines import (
    box_of,
    changed_object_mask,
    object_mask,
    outline_of_mask,
    pixels_of_mask,
)
from jumok.labelling.object_masks.folders import mask_places
from jumok.labelling.object_masks.places import MaskedImage
from jumok.labelling.objects.annotation_store import AnnotationStore
from jumok.labelling.objects.annotation_text import ItemText, ReadText, TextObject, WantedObject
from jumok.labelling.objects.coco_snapshot import coco_snapshot
from jumok.labelling.objects.image_folder import ImageFolder, image_size
from jumok.labelling.objects.marks import ObjectMark, check_no_flags
from jumok.labelling.refusals import (
    named_classes,
    outline_needed,
    outline_without_pixels,
    unknown_image,
)

LATELY = 100  # images read last, whose masks are looked at for changes of others
MOST_TRACED = 20_000  # masks whose outlines are kept


def object_mask_store(
    folder: Path,
    images: Path | None = None,
    excluded: Collection[Path] = (),
    classes: Sequence[str] | None = None,
    input: str = "image",
) -> "ObjectMaskStore":
    """The objects in a folder of one mask for each.

    Args:
        folder: The folder.
        images: The folder of images, if it is another one.
        excluded: Images that belong to other splits.
        classes: The classes that an experiment names; those that occur, sorted, by default.
        input: The name of the image among the inputs of a model.

    Returns:
        The store.
    """
    return ObjectMaskStore(ObjectMaskForm(folder, images, excluded, classes), classes, input)


class ObjectMaskForm:
    """The masks of a folder; the text of an image lists its masks, each with a digest."""

    format = "object_masks"

    def __init__(
        self, folder: Path, images: Path | None, excluded: Collection[Path], classes: Sequence[str] | None
    ) -> None:
        self.place, self._given, self._named = folder, images, classes
        self.usual = classes[0] if classes and len(classes) == 1 else OBJECT
        self._changes = FileChanges(folder)
        self._changes.finish()
        self._places = mask_places(folder, images, excluded)
        for place in {image.folder for image in self._places.images().values() if image.folder.is_dir()}:
            self._changes.sweep(place)
        self._digests: dict[Path, tuple[FileState, bool, str]] = {}
        self._data: dict[str, bytes] = {}  # of masks that were changed here, by digest
        self._drawn: dict[tuple[Path, str], tuple[Polygon, ...]] = {}  # as they came from the page
        self._traced: dict[
            str, tuple[Polygon, ...] | str
        ] = {}  # by digest, with the sentence of what is wrong

    def listing(self) -> dict[str, tuple[Hashable, LabelItem]]:
        """All images, without reading a mask, and what changes when masks come and go."""
        return {key: self._listed(image) for key, image in self._places.images().items()}

    def listed(self, key: str) -> tuple[Hashable, LabelItem]:
        """What changes when masks of an image come and go, and how it is listed; DataError if there is none."""
        return self._listed(self._image(key))

    def items(self) -> Mapping[str, ItemText]:
        """The images with the lists of their masks, all of which are read."""
        return {key: self._text(key, image) for key, image in self._places.images().items()}

    def find(self, key: str) -> ItemText | None:
        """One of the images; only its masks are read."""
        self._changes.finish()
        image = self._places.find(key)
        return None if image is None else self._text(key, image)

    def lock(self) -> AbstractContextManager[Any]:
        """Hold the lock of the folder."""
        return self._changes.lock()

    def read(self, item: ItemText) -> ReadText:
        """The objects of the masks that can be read, and what is wrong with others."""
        image = self._image(item.key)
        objects: list[TextObject] = []
        problems: list[str] = []
        for number, (name, digest) in enumerate(masks_of_text(item.text).items()):
            path = image.folder / name
            found = self._drawn.get((path, digest)) or self._outline(path, digest, item.image)
            if isinstance(found, str):
                problems.append(found)
            else:
                mark = ObjectMark(name, image.masks.get(name) or self.usual, box_of(found), found)
                objects.append(TextObject(mark, (number,)))
        return ReadText(tuple(objects), tuple(problems), is_answered=item.text is not None)

    def rewritten(self, item: ItemText, read: ReadText, wanted: Sequence[WantedObject]) -> str:
        """The list of the masks that the wanted objects have."""
        return MaskChange(self, self._image(item.key), item, read).changed(wanted)

    def put(self, item: ItemText, text: str) -> None:
        """Write, move and remove masks so that they are those of a list; for whoever holds the lock."""
        image = self._image(item.key)
        old, new = masks_of_text(item.text), masks_of_text(text)
        if not new:
            self._changes.make_folder(image.answer)
        written: dict[Path, bytes | None] = {
            image.folder / name: self._data[digest] for name, digest in new.items() if old.get(name) != digest
        }
        written |= {image.folder / name: None for name in old if name not in new}
        before = {path: read_now(path) for path in written}
        for path, data in before.items():
            known = old.get(path.relative_to(image.folder).as_posix())
            if (None if data is None else self.keep(data)) != known:
                raise ChangedMeanwhile(f"{path}: was changed by another program at this moment; try again")
        if written:
            self._changes.apply(written, before)

    def known_classes(self) -> Sequence[str]:
        """None: names of masks say the classes that occur."""
        return ()

    def add_class(self, name: str) -> None:
        """Nothing to write: a class stands in the name of a mask; DataError if it cannot."""
        if self._named is not None:
            raise named_classes(name, self._named)
        for image in [*self._places.images().values()][:1]:
            self.new_name(image, name, ())

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Write what is labelled or empty as a COCO file into a folder."""
        images = self._places.images().values()
        answered = {image.path for image in images if image.is_answered}
        data = read_object_masks(self.place, self._given, self._named)
        return coco_snapshot(data, answered, folder, self.place)

    def new_name(self, image: MaskedImage, name: str, taken: Collection[str]) -> str:
        """The name of a new mask of a class; DataError if none can say the class."""
        return self._places.new_name(image, None if name == self.usual else name, taken)

    def keep(self, data: bytes) -> str:
        """Keep the bytes of a mask that is written or was there before; gives their digest."""
        digest = mask_digest(data)
        self._data[digest] = data
        return digest

    def draw(self, path: Path, digest: str, polygons: tuple[Polygon, ...]) -> None:
        """Remember the outline that a mask was painted from."""
        self._drawn[path, digest] = polygons

    def _image(self, key: str) -> MaskedImage:
        image = self._places.find(key)
        if image is None:
            raise unknown_image(key, self.place)
        return image

    def _listed(self, image: MaskedImage) -> tuple[Hashable, LabelItem]:
        names = tuple(dict.fromkeys(name or self.usual for name in image.masks.values()))
        state: ItemState = "labelled" if image.masks else "empty" if image.is_empty else "unlabelled"
        return (state, *image.masks), LabelItem(image.key, image.key, image.path, state, names)

    def _text(self, key: str, image: MaskedImage) -> ItemText:
        masks = {name: self._digest(image.folder / name) for name in image.masks}
        return ItemText(key, image.path, text_of_masks(masks) if image.is_answered else None)

    def _digest(self, path: Path) -> str:
        """The digest of a mask as it stands on the disk now; empty where there is none."""
        known, state = self._digests.get(path), state_of(path)
        if known is not None and known[1] and known[0] == state:
            return known[2]
        began, data = time_ns(), read_now(path)
        digest = "" if data is None else mask_digest(data)
        self._digests[path] = state, is_settled(state, began), digest
        return digest

    def _outline(self, path: Path, digest: str, image: Path) -> tuple[Polygon, ...] | str:
        """The outline of a mask, or what is wrong with it."""
        if digest not in self._traced:
            data = self._data.get(digest) or read_now(path)
            if data is None or mask_digest(data) != digest:
                raise ChangedMeanwhile(f"{path}: was changed by another program at this moment; try again")
            try:
                found: tuple[Polygon, ...] | str = outline_of_mask(
                    pixels_of_mask(path, data, image_size(image))
                )
            except DataError as error:
                return str(error)
            while len(self._traced) >= MOST_TRACED:
                del self._traced[next(iter(self._traced))]
            self._traced[digest] = found
        return self._traced[digest]


class MaskChange:
    """The masks that an image shall have."""

    def __init__(self, form: ObjectMaskForm, image: MaskedImage, item: ItemText, read: ReadText) -> None:
        self._form, self._image = form, image
        self._masks = masks_of_text(item.text)
        self._objects = read.objects

    def changed(self, wanted: Sequence[WantedObject]) -> str:
        """The list of masks with the wanted objects instead of the current ones."""
        kept = [old for old, _ in wanted if old is not None]
        masks = dict(self._masks)
        for old in self._objects:
            if old not in kept:
                del masks[old.mark.id or ""]
        for known, one in wanted:
            if known is None or not one.is_as(known.mark):
                self._set(masks, known, one)
        return text_of_masks(masks)

    def _set(self, masks: dict[str, str], known: TextObject | None, one: ObjectMark) -> None:
        """Give an object a mask of its class and shape."""
        check_no_flags("masks of objects", one)
        if one.polygons is None:
            raise outline_needed(one.name)
        old = None if known is None else known.mark.id
        data = None if old is None else read_now(self._image.folder / old)
        is_same = known is not None and one.has_shape_of(known.mark)
        if data is None or not is_same:
            data = self._painted(one, data, old)
        name = old
        if old is None or known is None or one.name != known.mark.name or not data.startswith(PNG_SIGNATURE):
            name = self._form.new_name(self._image, one.name, {*self._masks, *masks})
        if old is not None and name != old:
            del masks[old]
        masks[name or ""] = self._form.keep(data)
        self._form.draw(self._image.folder / (name or ""), masks[name or ""], one.polygons)

    def _painted(self, one: ObjectMark, data: bytes | None, old: str | None) -> bytes:
        """The bytes of a mask with the outline of an object."""
        size = image_size(self._image.path)
        mask = covered(one.polygons or (), size.width, size.height)
        if not mask.any():
            raise outline_without_pixels(one.name)
        if data is not None and data.startswith(PNG_SIGNATURE):
            return changed_object_mask(self._image.folder / (old or ""), data, mask, size)
        return object_mask(self._image.path, mask, self._sample(), size)

    def _sample(self) -> bytes | None:
        """Another mask of the image that can be read."""
        for one in self._objects:
            data = read_now(self._image.folder / (one.mark.id or ""))
            if data is not None:
                return data
        return None


class ObjectMaskStore(AnnotationStore):
    """The objects of images that have a mask for each."""

    def __init__(self, form: ObjectMaskForm, classes: Sequence[str] | None, input: str) -> None:
        """Open a folder.

        Args:
            form: The masks.
            classes: The names of the classes; those that occur, sorted, by default.
            input: The name of the image among the inputs of a model.
        """
        self._masks = form
        self._lately: dict[str, str | None] = {}  # texts of images that were read last
        nothing_beside = ImageFolder(form.place)
        nothing_beside.look_in(form.place, ())
        super().__init__(form, nothing_beside, classes, input)
        self._classes = self._classes or [form.usual]

    def read(self, key: str) -> ItemMarks:
        """What is marked on an image; DataError if there is none of this name."""
        with self._lock:
            found = super().read(key)
            self._remember(key)
            return found

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        """Write the objects of an image; see LabelStore.write."""
        with self._lock:
            before = self._seen.get(key)
            written = super().write(key, version, marks)
            self._remember(key)
            if self._seen.get(key) is not before:
                self._seen[key] = self._masks.listed(key)[0]
            return written

    def changed(self) -> frozenset[str]:
        """The images that others have changed since the last call; of those read last, each mask is looked at."""
        with self._lock:
            found = set(super().changed())
            for key, text in list(self._lately.items()):
                item = self._form.find(key)
                now = None if item is None else item.text
                if now != text:
                    found.add(key)
                    self._lately[key] = now
            return frozenset(found)

    def _remember(self, key: str) -> None:
        self._lately.pop(key, None)
        self._lately[key] = self._item(key).text
        for old in [*self._lately][:-LATELY]:
            del self._lately[old]

    def _listing(self) -> dict[str, tuple[Hashable, LabelItem]]:
        """All images, whose masks need not be read for that."""
        return self._masks.listing()

    def _look(self, item: ItemText) -> tuple[ReadText, LabelItem]:
        """What the masks of an image say, and how it is listed."""
        return self._form.read(item), self._masks.listed(item.key)[1]


def masks_of_text(text: str | None) -> dict[str, str]:
    """The digests of masks by their names."""
    found = (line.partition(" ") for line in (text or "").split("\0") if line)
    return {name: digest for digest, _, name in found}


def text_of_masks(masks: Mapping[str, str]) -> str:
    """The text that lists masks, each with its digest."""
    return "".join(f"{digest} {name}\0" for name, digest in sorted(masks.items()))


def mask_digest(data: bytes) -> str:
    """The digest of a file."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
