"""Lists of classes beside annotations that cannot hold a class which nothing has yet: a name on each line."""

from pathlib import Path

from jumok.data.tables.faults import Fault, UnreadableFile
from jumok.data.tables.listing import composed
from jumok.data.tables.open_text import BYTE_ORDER_MARK, is_folder

CLASSES_TEXT, LABELS_TEXT = "classes.txt", "labels.txt"


def names_of_lines(file: Path, data: bytes) -> tuple[str, ...]:
    """The names in the order of the lines, each once; raises UnreadableFile."""
    return tuple(dict.fromkeys(name for name in _lines(file, data) if name))


def numbered_names(file: Path, data: bytes) -> tuple[str, ...]:
    """The names of the values 0, 1, 2, … of pixels, one a line; raises UnreadableFile where one has no name."""
    lines = _lines(file, data)
    for number, name in enumerate(lines):
        if not name or name in lines[:number]:
            problem = "is empty" if not name else f"says {name!r} again"
            remedy = f"write the name of the value {number} of the masks there"
            raise UnreadableFile(Fault(str(file), number + 1, problem, remedy, "bad_classes"))
    return tuple(lines)


def names_file_of_masks(masks: Path) -> Path:
    """Where the classes of a folder of masks, or of a list of them, have their names."""
    if is_folder(masks):
        return masks / CLASSES_TEXT
    inner = masks.parent / "masks"
    return (inner if is_folder(inner) else masks.parent) / CLASSES_TEXT


def _lines(file: Path, data: bytes) -> list[str]:
    """All lines up to the last that says something, without blanks around them."""
    data = data.removeprefix(BYTE_ORDER_MARK)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        fault = Fault(str(file), line, "is not UTF-8", "save the list of classes as UTF-8", "not_utf8")
        raise UnreadableFile(fault) from None
    return [composed(line.strip()) for line in text.rstrip().split("\n")] if text.strip() else []
