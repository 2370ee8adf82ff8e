"""Masks of images: PNG files in which only the pixels that were labelled anew get other values."""

import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from jumok.classes import Class
from jumok.data.annotations.annotated import BACKGROUND
from jumok.data.annotations.class_names import CLASSES_TEXT, names_file_of_masks
from jumok.data.annotations.masks.class_masks import WHITE, class_list
from jumok.data.annotations.masks.pairs import FOLDERS
from jumok.data.cache.place import cache_key
from jumok.data.images.mask_images import load_mask
from jumok.data.images.reading import SUFFIXES, Size, open_image
from jumok.data.tables.faults import UnreadableFile
from jumok.data.tables.listing import files_below
from jumok.data.tables.rows import clean
from jumok.errors import DataError, JumokError
from jumok.files import remove, remove_left, unwritable, write_file_atomically
from jumok.labelling.contract import AnswerColumn, ItemMarks, ItemState, LabelItem, MarksKind
from jumok.labelling.files.class_names_file import ClassNamesFile
from jumok.labelling.files.guarded_file import lock_folder, read_now, replace_file, require_unchanged
from jumok.labelling.masks.files import (
    NO_CLASS,
    MaskValues,
    changed_mask,
    class_names_in,
    mask_of_page,
    new_mask,
    occurring,
    page_mask,
    read_classes_of,
    same_pixels,
)
from jumok.labelling.masks.looks import FileMark, MaskLook, MaskLooks, file_mark
from jumok.labelling.masks.places import FolderOfMasks, ListOfMasks, MaskPlace, MaskPlaces
from jumok.labelling.objects.image_folder import image_size
from jumok.labelling.refusals import changed_elsewhere

if TYPE_CHECKING:
    from jumok.experiment.sources import SourceOptions

SAMPLED_MASKS = 200  # masks, for whether they are black and white
EMPTY_CLASSES = frozenset(
    {BACKGROUND, "_background_", "bg"}
)  # names of class 0 that say that nothing is there


def open_masks(
    source: "SourceOptions", *, excluded: Collection[Path] = (), input: str = "image", may_grow: bool = False
) -> "MaskStore":
    """Open the masks of a split.

    Args:
        source: The split, as `data` names it.
        excluded: Images that are not labelled here, such as those of other splits.
        input: The name of the image among the inputs.
        may_grow: Whether classes may be added, because no experiment names them.

    Returns:
        The masks.

    Raises:
        DataError: Masks number objects, or there are none.
    """
    masks = source.masks or Path()
    if source.instances:
        raise DataError(
            f"{masks}: each object has a number of its own (instances: true), which a brush that paints classes would "
            "merge; say instances: false with a class for each value, or label outlines in COCO"
        )
    listed = class_list(source.classes or ())
    usual = WHITE if all(one.id != WHITE for one in listed) else None
    ignore = usual if source.ignore == "auto" else source.ignore
    places: MaskPlaces = (
        FolderOfMasks(masks, source.images, excluded)
        if masks.is_dir()
        else ListOfMasks(masks, source.images or masks.parent, excluded)
    )
    if not places.found():
        raise DataError(f"{masks}: names no image with a mask; correct masks: or images: in the experiment")
    values = MaskValues(listed, ignore)
    if source.ignore == "auto":
        values = black_and_white(values, places)
    settings = {"classes": source.classes, "ignore": source.ignore}
    kept = {name: one for name, one in settings.items() if one != "auto"}
    names = ClassNamesFile(names_file_of_masks(masks)) if may_grow and values.is_numbered else None
    return MaskStore(places, values, input, {} if names else kept, names)


def open_mask_folder(folder: Path, classes: Sequence[str] = ()) -> "MaskStore":
    """Open a folder of images to paint the classes of their pixels.

    The list train.txt names the images that have a mask; masks are below masks/. Where masks/ holds masks already and
    no list is there, they are paired by their names. What the values of pixels mean stands in masks/classes.txt.

    Args:
        folder: The images are in it and below, often in images/.
        classes: The classes of the values 1, 2, …, behind those that are known; 0 is what nothing is on.

    Returns:
        The masks.

    Raises:
        DataError: The folder holds no images.
    """
    masks, listed = folder / "masks", folder / "train.txt"
    kept = ClassNamesFile(masks / CLASSES_TEXT)
    known = kept.numbered() or (BACKGROUND,)
    names = [*known, *(one for one in classes if one not in known and one.casefold() != BACKGROUND)]
    places: MaskPlaces = ListOfMasks(listed, folder, new=masks)
    images = next((folder / name for name in FOLDERS if (folder / name).is_dir()), None)
    if not listed.exists() and images is not None and masks.is_dir() and files_below(masks, SUFFIXES).files:
        places = FolderOfMasks(masks, images)
    if not places.found():
        raise DataError(f"{folder}: holds no images; name a folder of images")
    values = MaskValues(class_list(names), WHITE)
    return MaskStore(places, values, "image", {}, kept, says_names=True)


def black_and_white(values: MaskValues, places: MaskPlaces) -> MaskValues:
    """The values of two classes are 0 and 255, where some masks hold these alone, as readers take it."""
    if [one.id for one in values.classes] != [0, 1] or values.is_coloured:
        return values
    found: set[int] = set()
    for one in list(places.found().values())[:SAMPLED_MASKS]:
        try:
            mask = load_mask(one.mask)
        except DataError:
            continue
        found |= set(np.unique(mask).tolist()) if mask.ndim == 2 else {-1}
        if not found <= {0, WHITE}:
            return values
    background, thing = values.classes
    return MaskValues((background, Class(thing.name, WHITE)), None) if WHITE in found else values


class MaskStore:
    """Images, each with a mask, or without one as long as it is not labelled."""

    kind: MarksKind = "mask"
    format: str = "masks"
    outlines: ClassVar[bool] = False
    columns: Sequence[AnswerColumn] = ()

    def __init__(
        self,
        places: MaskPlaces,
        values: MaskValues,
        input: str,
        settings: Mapping[str, Any],
        names: ClassNamesFile | None = None,
        says_names: bool = False,
    ) -> None:
        """Label masks.

        Args:
            places: Where they are.
            values: What their pixels hold.
            input: The name of the image among the inputs.
            settings: What `data.train` says of them beside their place.
            names: Where the names of the values 0, 1, 2, … are kept; None where an experiment names the classes.
            says_names: Whether they are written there with the first mask.
        """
        self.place, self._places, self._values = places.place, places, values
        self._input, self._settings, self._names, self._says_names = input, settings, names, says_names
        self._lock = threading.RLock()
        self.looks = MaskLooks(self._look)
        self._known: dict[str, FileMark] = {}  # masks at the last look for changes
        self._tidied: set[Path] = set()
        self._made: set[Path] = set()  # masks that were begun here
        self.changed()

    def classes(self) -> tuple[str, ...]:
        """The classes in the order of the values that a page paints."""
        self._take_names()
        return tuple(one.name for one in self._values.classes)

    def add_class(self, name: str) -> tuple[str, ...]:
        """Add a class with the next value; DataError if an experiment names the classes, or values are no numbers."""
        own = clean(name)
        if self._names is None:
            raise DataError(
                f"which value {own!r} has must stand in an experiment; add it to classes: beside masks: there"
            )
        if not own or own in self.classes():
            raise DataError(f"a class needs a name that no other has; got {name!r}")
        with self._lock:
            if len(self._values.classes) >= NO_CLASS:
                raise DataError(f"masks have at most {NO_CLASS} classes")
            self._names.add([*self.classes(), own])
        return self.classes()

    def _take_names(self) -> None:
        """Take the names of values as they stand now, which another page may have added; none is taken away."""
        with self._lock:
            names = () if self._names is None else self._names.numbered()
            if len(names) >= len(self._values.classes):
                self._values = MaskValues(class_list(names), self._values.ignore)

    def items(self) -> Sequence[LabelItem]:
        """All images; what is on a mask is known once it was read, until then it counts as labelled."""
        with self._lock:
            found = dict(self._places.found())
        items = [self._item(key, one) for key, one in found.items()]
        self.looks.begin(found)
        return items

    def read(self, key: str) -> ItemMarks:
        """The classes of an image's pixels; DataError if there is no such image."""
        with self._lock:
            one = self._place_of(key)
        return self._marks(one, read_now(one.mask))

    def write(self, key: str, version: str, marks: Mapping[str, Any]) -> ItemMarks:
        """Write the mask of an image; pixels whose class stays keep their values."""
        with self._lock:
            one = self._place_of(key)
            classes = self._classes_in(one, marks)
            try:
                one.mask.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise unwritable(one.mask.parent, error) from error
            with lock_folder(one.mask.parent):
                self._tidy(one.mask.parent)
                data = read_now(one.mask)
                before = None if data is None else self._pixels(one, data)
                if version != mask_version(data) and not same_pixels(before, classes):
                    raise changed_elsewhere(f"{one.mask}:", "label", self._marks(one, data))
                new = self._replace(key, one, data, before, classes)
                self._known[key] = file_mark(one.mask)
            now = self._place_of(key)
            return self._told(now, new, classes, dict(marks))

    def changed(self) -> frozenset[str]:
        """The images whose masks others have changed since the last call."""
        with self._lock:
            now = {key: file_mark(one.mask) for key, one in self._places.found().items()}
            before, self._known = self._known, now
        keys = before.keys() | now.keys()
        found = {key for key in keys if key not in before or before[key] != now.get(key)}
        return frozenset(found | self.looks.news())

    def inputs(self, key: str) -> Mapping[str, Any]:
        """The path of an image."""
        with self._lock:
            return {self._input: self._place_of(key).image}

    def snapshot(self, folder: Path) -> Mapping[str, Any]:
        """Write copies of the masks that are not unlabelled, with a list of them and their images."""
        lines = []
        for number, (key, one) in enumerate(dict(self._places.found()).items()):
            data = read_now(one.mask)
            if data is None or not one.is_listed or self._item(key, one).state == "unlabelled":
                continue
            target = (folder / "masks" / f"{number}.png").absolute()
            target.parent.mkdir(parents=True, exist_ok=True)
            write_file_atomically(target, data)
            lines.append(f"{one.image.absolute()}\t{target}\n")
        listed = folder / "train.txt"
        write_file_atomically(listed, "".join(lines).encode())
        return {"masks": listed, "classes": self.classes(), **self._settings}

    def _item(self, key: str, one: MaskPlace) -> LabelItem:
        mark = file_mark(one.mask)
        if mark is None or not one.is_listed:
            return LabelItem(key, key, one.image)
        look = self.looks.known(one.mask, mark)
        state, classes = ("labelled", ()) if look is None else (look.state, look.classes)
        return LabelItem(key, key, one.image, state, classes)

    def _look(self, one: MaskPlace) -> MaskLook:
        """What is on a mask, for looks in the background; DataError if it cannot be read."""
        mark, data = file_mark(one.mask), read_now(one.mask)
        return self._look_of(mark, read_classes_of(one.mask, data or b"", self._values))

    def _look_of(self, mark: FileMark, classes: np.ndarray) -> MaskLook:
        return MaskLook(mark, self._state_of(classes), class_names_in(classes, self.classes()))

    def _place_of(self, key: str) -> MaskPlace:
        one = self._places.found().get(key)
        if one is None:
            raise DataError(f"{self.place} has no image {key!r}; load the page again")
        return one

    def _classes_in(self, one: MaskPlace, marks: Mapping[str, Any]) -> np.ndarray | None:
        """The classes of pixels that a page sends (Y, X); None to remove a mask."""
        if "mask" not in marks or not isinstance(marks["mask"], str | None):
            raise DataError(f'marks of an image are {{"mask": PNG or null}}; got {marks!r:.80}')
        text = marks["mask"]
        return None if text is None else mask_of_page(text, image_size(one.image), len(self._values.classes))

    def _pixels(self, one: MaskPlace, data: bytes) -> np.ndarray:
        """The classes of a mask's pixels (Y, X); DataError if it cannot be read or is not of its image's size."""
        classes, size = read_classes_of(one.mask, data, self._values), image_size(one.image)
        own = Size(classes.shape[1], classes.shape[0])
        if own != size:
            raise DataError(
                f"{one.mask}: is {own}, but its image is {size}; write a mask of the image's size"
            )
        return classes

    def _marks(self, one: MaskPlace, data: bytes | None) -> ItemMarks:
        try:
            classes = None if data is None else self._pixels(one, data)
        except DataError as error:
            return ItemMarks(mask_version(data), {"mask": None}, "unlabelled", (str(error),))
        return self._told(one, data, classes, {"mask": None if classes is None else page_mask(classes)})

    def _told(
        self, one: MaskPlace, data: bytes | None, classes: np.ndarray | None, marks: Mapping[str, Any]
    ) -> ItemMarks:
        """What stands in a file, which is remembered."""
        if classes is None:
            return ItemMarks(mask_version(data), marks, "unlabelled")
        look = self._look_of(file_mark(one.mask), classes)
        self.looks.remember(one.mask, look)
        return ItemMarks(mask_version(data), marks, look.state if one.is_listed else "unlabelled")

    def _state_of(self, classes: np.ndarray) -> ItemState:
        found = set(occurring(classes)) - {NO_CLASS}
        if not found:
            return "unlabelled"
        return "empty" if found == {0} and self.classes()[0].casefold() in EMPTY_CLASSES else "labelled"

    def _replace(
        self,
        key: str,
        one: MaskPlace,
        data: bytes | None,
        before: np.ndarray | None,
        classes: np.ndarray | None,
    ) -> bytes | None:
        """Write a mask where it changes, and have it found; gives its bytes now."""
        if classes is None:
            if data is not None:
                self._remove(key, one, data)
            return None
        if data is None or before is None:
            new = new_mask(one.mask, classes, self._values, self._like())
        else:
            new = changed_mask(one.mask, data, before, classes, self._values)
        if self._names is not None and self._says_names:
            self._names.add(self.classes())
        if new != data:
            replace_file(one.mask, new, data)
        self._places.accept()
        try:
            self._places.list_new(key)
        except JumokError:
            if data is None:
                remove(one.mask)
            raise
        if data is None:
            self._made.add(one.mask)
        return new

    def _remove(self, key: str, one: MaskPlace, data: bytes) -> None:
        """Take back a mask that was begun here, as undo does; others are not removed."""
        if one.mask not in self._made:
            raise DataError(
                f"{one.mask}: a mask is not removed here; paint all of it as not labelled, or remove the file"
            )
        self._places.unlist(key)
        require_unchanged(one.mask, data)
        try:
            one.mask.unlink()
        except OSError as error:
            raise unwritable(one.mask, error) from error
        self._made.discard(one.mask)
        self._places.accept()

    def _like(self) -> Any:
        """The first mask that is there, whose mode a new one gets."""
        for one in self._places.found().values():
            if one.mask.is_file():
                try:
                    with open_image(one.mask) as image:
                        image.load()
                        return image.copy()
                except UnreadableFile:
                    continue
        return None

    def _tidy(self, folder: Path) -> None:
        """Remove what killed programs left in a folder, once."""
        if folder not in self._tidied:
            remove_left(folder, [one.mask.name for one in self._places.found().values()])
            self._tidied.add(folder)


def mask_version(data: bytes | None) -> str:
    """The version of a mask: a digest of its bytes, "" where there is none."""
    return "" if data is None else cache_key(data)
