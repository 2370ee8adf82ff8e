"""What cannot be written, said in English and Korean to whoever labels."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jumok.data.images.reading import Size
from jumok.data.tables.faults import UnreadableFile
from jumok.errors import DataError
from jumok.labelling.contract import ItemMarks, LabelConflict


@contextmanager
def readable() -> Iterator[None]:
    """Raise DataError for a file that cannot be read."""
    try:
        yield
    except UnreadableFile as unreadable:
        raise DataError(str(unreadable)) from None


def unknown_class(name: str) -> DataError:
    """The error for a class that the file does not have."""
    return DataError(
        f"there is no class {name!r}; add it first", f"클래스 '{name}'가 없습니다. 먼저 추가하세요"
    )


def impossible_class(name: str) -> DataError:
    """The error for a text that cannot be the name of a class."""
    english = f"{name!r} cannot be the name of a class; write letters"
    return DataError(english, "클래스 이름으로 쓸 수 없습니다. 글자로 쓰세요")


def unknown_image(key: str, folder: Path) -> DataError:
    """The error for a name that no image has."""
    return DataError(f"there is no image {key!r} in {folder}", f"{folder}에 그림 '{key}'가 없습니다")


def box_without_area(name: str, where: str) -> DataError:
    """The error for a box that is a line or a point."""
    english = f"the box of {name!r} {where} has no area; draw it again"
    return DataError(english, f"'{name}' 상자의 넓이가 없습니다({where}). 다시 그리세요")


def box_beyond(name: str, where: str, size: Size) -> DataError:
    """The error for a box beyond the edges of its image.

    Args:
        name: The class of the object.
        where: The edges of the box, in words.
        size: The size of the image.

    Returns:
        The error.
    """
    english = f"the box of {name!r} {where} reaches beyond the image ({size}); draw it inside"
    return DataError(english, f"'{name}' 상자가 그림({size}) 밖으로 나갑니다({where}). 안에 그리세요")


def fixed_outline(name: str) -> DataError:
    """The error for the changed box of an object whose outline cannot be edited."""
    english = f"the outline of this {name!r} cannot be edited; delete it and draw it anew"
    return DataError(english, f"이 '{name}'의 윤곽은 고칠 수 없습니다. 지우고 새로 그리세요")


def unsupported_mark(format: str, what: str, name: str) -> DataError:
    """The error for a flag or an outline that a format has no place for.

    Args:
        format: The format.
        what: The flag, or outlines.
        name: The class of the object.

    Returns:
        The error.
    """
    english = f"files of {format} have no place for {what}; remove that of this {name!r}"
    return DataError(english, f"{format} 형식에는 {what} 표시를 적을 곳이 없습니다. 이 '{name}'에서 빼세요")


def changed_meanwhile(key: str, current: ItemMarks) -> LabelConflict:
    """The conflict of an image that somebody else has changed."""
    english = f"{key} was changed by somebody else meanwhile; look at what stands there now"
    return LabelConflict(
        english, current, f"그 사이에 다른 곳에서 {key}를 바꾸었습니다. 지금 적힌 것을 보세요"
    )


def changed_elsewhere(what: str, verb: str, current: ItemMarks) -> LabelConflict:
    """The conflict of a row, a recording or a mask that somebody else has changed.

    Args:
        what: What was changed, after its file.
        verb: What its answers are got by, label or mark.
        current: What stands there now.

    Returns:
        The conflict.
    """
    problem = f"{what} was changed by another program or page meanwhile"
    return LabelConflict(f"{problem}; look at it, and {verb} it again", current)


def table_is_gone(path: Path) -> DataError:
    """The error for a table that somebody has taken away or emptied."""
    return DataError(f"{path} is gone or empty now; put it back, then load the page again")


def file_is_gone(path: Path) -> DataError:
    """The error for a file of annotations that somebody has taken away."""
    return DataError(f"{path}: is gone; put it back", f"{path}: 없어졌습니다. 되돌려 놓으세요")


def not_utf8(path: Path, encoding: str) -> DataError:
    """The error for a file in an encoding that is read but not written."""
    english = f"{path}: is in {encoding}; save it as UTF-8 to correct it here"
    return DataError(english, f"{path}: 인코딩이 {encoding}입니다. UTF-8로 저장하면 여기서 고칠 수 있습니다")


def minimal_export(path: Path) -> DataError:
    """The error for an export of Label Studio that is read but not written."""
    english = "is JSON-MIN, in which results have no ids; export the project as JSON to correct it here"
    korean = "JSON-MIN이어서 결과에 id가 없습니다. 프로젝트를 JSON으로 내보내면 여기서 고칠 수 있습니다"
    return DataError(f"{path}: {english}", f"{path}: {korean}")
