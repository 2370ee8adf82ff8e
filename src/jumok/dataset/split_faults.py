"""What is wrong with a split of the data as a whole, or with its rows for the kinds that learned from train."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from jumok.data.annotations.annotated import AnnotatedImage, AnnotatedSet
from jumok.data.tables.faults import Fault
from jumok.dataset.row_cache import FATAL, MAX_KEPT_FAULTS, CachedRows
from jumok.errors import did_you_mean
from jumok.kinds.catalogue import Fields
from jumok.kinds.classes import class_names
from jumok.kinds.contract import Column, LengthLimit, item_lengths

SOME = 10  # names in a sentence
# Faults of a split as a whole: no row is skipped for them, and they may be accepted.
OF_WHOLE = frozenset({"unseen_class", "mixed_bits"})


@dataclass
class SplitFaults:
    """The faults of one split that show only beside train."""

    shown: list[Fault] = field(default_factory=list)  # the first of them
    counts: dict[str, int] = field(default_factory=dict)  # all, by their kind

    def add(self, fault: Fault) -> None:
        """Count a fault, and keep it if it is one of the first or fatal."""
        self.counts[fault.kind] = self.counts.get(fault.kind, 0) + 1
        if len(self.shown) < MAX_KEPT_FAULTS or fault.kind in FATAL:
            self.shown.append(fault)

    @property
    def count(self) -> int:
        """How many faults there are, kept or not."""
        return sum(self.counts.values())

    @property
    def rows(self) -> dict[str, int]:
        """The faults that cost a row each, by their kind."""
        return {kind: count for kind, count in self.counts.items() if kind not in OF_WHOLE}

    @property
    def fatal(self) -> list[Fault]:
        """The faults that cannot be skipped."""
        return [fault for fault in self.shown if fault.kind in FATAL]

    @property
    def of_whole(self) -> list[Fault]:
        """The faults of a split as a whole, not of one of its rows."""
        return [fault for fault in self.shown if fault.kind in OF_WHOLE]


def dropped_rows(
    source: CachedRows,
    rows: np.ndarray,
    columns: Mapping[str, Column],
    fields: Fields,
    faults: SplitFaults,
    read: Callable[[], AnnotatedSet] | None,
) -> np.ndarray:
    """Find the rows that cannot be used, and add their faults.

    Args:
        source: The rows of the split's source.
        rows: The rows (n,) of the split.
        columns: The encoded columns.
        fields: The fields.
        faults: Where faults are added.
        read: Reads the annotated images again, to find the line of a fault; None where rows are of a table.

    Returns:
        Boolean (n,), True for unusable rows.
    """
    lost = np.zeros(len(rows), bool)
    for number, fault in unreadable_cells(source, rows, fields):
        lost[number] = True
        faults.add(fault)
    for output in fields.outputs.values():
        known = class_names(output)
        if output.classes is None or not known:  # without classes train is at fault, and says so
            continue
        unfit = output.classes.unknown(source.store, rows)
        annotated_images = images_by_text(read(), source.root) if unfit and read is not None else None
        (image,) = list(fields.inputs)[:1]
        for number, name in unfit.items():
            lost[number] = True
            row = int(rows[number])
            faults.add(
                strange_label(source, output.name, row, name, known)
                if annotated_images is None
                else strange_class(annotated_images[source.store.text(image, row)], name, known)
            )
    for i, (name, length, limit) in sorted(longest_excess(rows, columns, fields).items()):
        lost[i] = True
        faults.add(too_long(source, int(rows[i]), name, length, limit))
    return lost


def unreadable_cells(source: CachedRows, rows: np.ndarray, fields: Fields) -> Iterator[tuple[int, Fault]]:
    """Cells that an output cannot read.

    Args:
        source: The rows of the split's source.
        rows: The rows (n,) of the split.
        fields: The fields.

    Yields:
        The index in `rows`, and the fault at its line.
    """
    for name, output in fields.outputs.items():
        for found in output.check.faults(source.store, rows) if output.check is not None else ():
            if found.row is not None:
                place = int(rows[found.row])
                yield (
                    found.row,
                    fault_of_row(source, name, place, f"{name} {found.problem}", found.remedy, found.kind),
                )


def strange_label(source: CachedRows, field: str, row: int, name: str, known: Sequence[str]) -> Fault:
    """The fault of a label that train does not have.

    Args:
        source: The rows of the split's source.
        field: The output.
        row: The row.
        name: The label.
        known: The classes of train.

    Returns:
        The fault at the line of the row.
    """
    more = f" and {len(known) - SOME:,} more" if len(known) > SOME else ""
    problem = f"{field} is {name!r}, but training knows only {', '.join(known[:SOME])}{more}"
    hint = did_you_mean(name, known).removeprefix("; ")
    remedy = hint if "did you mean" in hint else "correct the label, or give examples of it in train, too"
    return fault_of_row(source, field, row, problem, remedy, "unknown_class")


def longest_excess(
    rows: np.ndarray, columns: Mapping[str, Column], fields: Fields
) -> dict[int, tuple[str, int, LengthLimit]]:
    """Find the items that are too long.

    Args:
        rows: The rows (n,) of the split.
        columns: The encoded columns.
        fields: The fields.

    Returns:
        By index in `rows`: the field, the length and the limit of the longest item.
    """
    found: dict[int, tuple[str, int, LengthLimit]] = {}
    for name, one in fields.all.items():
        limit, lengths = one.batching.limit, item_lengths(one, columns[name])
        if limit is None or lengths is None:
            continue
        here = lengths[rows]
        for i in np.flatnonzero(here > limit.most).tolist():
            if i not in found or here[i] > found[i][1]:
                found[i] = (name, int(here[i]), limit)
    return found


def images_by_text(data: AnnotatedSet, root: Path) -> dict[str, AnnotatedImage]:
    """The images of a set by the cells that name them."""
    return {Path(os.path.relpath(image.path, root)).as_posix(): image for image in data.images}


def strange_class(image: AnnotatedImage, name: str, known: Sequence[str]) -> Fault:
    """The fault of a class that train does not have.

    Args:
        image: The image in which it is marked.
        name: The class.
        known: The classes of train.

    Returns:
        The fault, at the first object of the class.
    """
    place = next((one.place for one in image.annotations if one.name == name), image.place)
    problem = f"{name!r} is marked here, but training knows only {', '.join(known)}"
    hint = did_you_mean(name, known).removeprefix("; ")
    remedy = hint if "did you mean" in hint else "correct the name, or show this class in train, too"
    return place.fault(problem, remedy, "unknown_class")


def too_long(source: CachedRows, row: int, name: str, length: int, limit: LengthLimit) -> Fault:
    """The fault of an item that is longer than its field takes.

    Args:
        source: The rows of the split's source.
        row: The row.
        name: The field.
        length: The length of the item.
        limit: The limit of the field.

    Returns:
        The fault.
    """
    problem = f"{name} has {length} {limit.unit}, at most {limit.most} are allowed"
    return fault_of_row(source, name, row, problem, limit.remedy, "too_long")


def fault_of_row(source: CachedRows, name: str, row: int, problem: str, remedy: str, kind: str) -> Fault:
    """A fault at the line of a row.

    Args:
        source: The rows of the split's source.
        name: The field.
        row: The row.
        problem: What is wrong.
        remedy: What to do.
        kind: The kind of the fault.

    Returns:
        The fault, in the file of the field's column if each column has one.
    """
    if source.files[0].is_dir():  # a row is a file in it
        return Fault(
            str(source.root / next(source.store.texts(source.store.columns[0], [row]))),
            None,
            problem,
            remedy,
            kind,
        )
    files = dict(zip(source.store.columns, source.files, strict=True)) if len(source.files) > 1 else {}
    return Fault(str(files.get(name, source.files[0])), source.store.line(row), problem, remedy, kind)


def check_split(
    name: str, source: CachedRows, train: CachedRows, rows: np.ndarray, fields: Fields, faults: SplitFaults
) -> None:
    """Add what is wrong with a whole split: other classes than in train, nothing to learn from or to score.

    Args:
        name: The split's name.
        source: The rows of the split's source.
        train: The rows of train's source.
        rows: The rows (n,) of the split.
        fields: The fields.
        faults: Where faults are added.
    """
    place = str(source.files[0])
    if source is not train:
        for problem in other_classes(source, train):
            faults.add(Fault(place, None, problem, "write the masks of all splits alike", "other_classes"))
    for one in fields.outputs.values():
        if one.classes is None:
            continue
        lack = one.classes.lacks(source.store, rows, learning=name == "train")
        if lack and name == "train":
            faults.add(
                Fault(place, None, lack, f"{one.classes.remedy}, or name other data", "nothing_to_learn")
            )
        elif lack:
            remedy = f"{one.classes.remedy}, or name other data under {name}:"
            faults.add(Fault(place, None, lack, remedy, "nothing_to_score"))
    if name == "train":
        for problem, remedy in unlearnable(source):
            faults.add(Fault(place, None, problem, remedy, "nothing_to_learn"))
        if not faults.fatal and (unseen := unseen_classes(source)):
            faults.add(unseen)
    if name == "train" or source is not train:
        for fault in mixed_bits(source):
            faults.add(fault)


def other_classes(source: CachedRows, train: CachedRows) -> list[str]:
    """Classes of masks that occur in a split and have another value or colour in train, or are not there."""
    known = {one.name: one for one in train.classes}
    problems = []
    for one in source.classes:
        same = known.get(one.name)
        if not source.summary.pixels.get(one.name):
            continue
        if same is None:
            problems.append(f"holds pixels of {one.name!r}, a class that train does not have")
        elif (same.id, same.colour) != (one.id, one.colour):
            told = [str(list(c.colour)) if c.colour else str(c.id) for c in (one, same)]
            problems.append(f"{one.name!r} is {told[0]} in these masks, but {told[1]} in those of train")
    return problems


def unlearnable(train: CachedRows) -> list[tuple[str, str]]:
    """Why masks cannot teach their classes: one alone has pixels, or one has none while others are ignored unasked."""
    summary = train.summary
    if not summary.pixels and not summary.ignored:
        return []
    absent = absent_classes(train)
    if len(train.classes) - len(absent) < 2:
        found = [one.name for one in train.classes if one.name not in absent]
        only = (
            f"all pixels of the masks are {found[0]!r}" if found else "no pixel of the masks is of any class"
        )
        ignored = f" ({summary.ignored:,} pixels are ignored)" if summary.ignored else ""
        return [(f"{only}{ignored}, so there is nothing to learn", "check the masks and classes:")]
    if absent and summary.usual_ignore and summary.ignored:
        problem = (
            f"no pixel is {absent[0]!r}, while {summary.ignored:,} pixels of the value 255 are left out, "
            "because that is the usual value to ignore"
        )
        remedy = "give classes: {name: value} if 255 is a class, or say ignore: 255"
        return [(problem, remedy)]
    return []


def unseen_classes(train: CachedRows) -> Fault | None:
    """The fault of classes that are named and never shown; names of groups of other classes may be."""
    groups = {one.group for one in train.classes}
    absent = [name for name in absent_classes(train) if name not in groups]
    if not absent:
        return None
    names = ", ".join(map(repr, absent[:SOME])) + (
        f" and {len(absent) - SOME:,} more" if len(absent) > SOME else ""
    )
    what = "that class" if len(absent) == 1 else "those classes"
    problem = f"nothing in train is marked as {names}, so {what} cannot be learned"
    return Fault(str(train.files[0]), None, problem, "mark some, or take it off the classes", "unseen_class")


def mixed_bits(source: CachedRows) -> Iterator[Fault]:
    """Images of 16 bits that would be brighter than others of their split, for they use fewer of the bits."""
    most = max(source.summary.depths, default=0)
    for bits, (count, first) in sorted(source.summary.depths.items()):
        if bits < most:
            others = f"; so {'is' if count == 2 else 'are'} {count - 1:,} more" if count > 1 else ""
            problem = f"has 16 bits a pixel, of which {bits} are used, while other images here use {most}, so that it "
            problem += f"would be read {1 << most - bits} times as bright{others}"
            yield Fault(first, None, problem, "save all images with 8 bits, scaled alike", "mixed_bits")


def absent_classes(train: CachedRows) -> list[str]:
    """Classes of which train shows nothing."""
    summary = train.summary
    shown = summary.pixels if summary.pixels or summary.ignored else summary.objects
    if not shown and not summary.ignored:
        return []
    background = {train.classes[0].name} if summary.marks == "mask" and not summary.pixels else set()
    return [one.name for one in train.classes if not shown.get(one.name) and one.name not in background]
