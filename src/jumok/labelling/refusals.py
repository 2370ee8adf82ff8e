"""What cannot be written, said in English and Korean to whoever labels."""

from collections.abc import Iterator, Sequence
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


def named_classes(name: str, known: Sequence[str]) -> DataError:
    """The error for a new class where an experiment names them all."""
    listed = ", ".join(known)
    return DataError(
        f"the experiment file names the classes ({listed}); add {name!r} under classes: first",
        f"실험 파일이 클래스를 정해 두었습니다({listed}). classes:에 '{name}'부터 더하세요",
    )


def no_column_of_classes(path: Path, name: str) -> DataError:
    """The error for a new class in a table of boxes that are all of one."""
    return DataError(
        f"{path}: has no column of classes, so that all boxes are of one; add a column 'class' to hold {name!r}",
        f"{path}: 클래스 열이 없어 모든 상자가 한 클래스입니다. '{name}'을(를) 적으려면 'class' 열을 더하세요",
    )


def other_unit(path: Path, shares: bool) -> DataError:
    """The error for a change of a table of boxes after which its numbers would be read in another unit."""
    now, then = ("shares of the image", "pixels") if shares else ("pixels", "shares of the image")
    return DataError(
        f"{path}: its numbers are {now}, and after this change they would be read as {then}; keep another box",
        f"{path}: 이대로 바꾸면 표의 숫자가 다른 단위(픽셀이나 비율)로 읽힙니다. 다른 상자를 하나 남겨 두세요",
    )


def no_place_for_class(folder: Path, name: str) -> DataError:
    """The error for a class that no name of a mask can say."""
    return DataError(
        f"{folder}: masks say their class by the name of their folder, which {name!r} cannot be; use letters",
        f"{folder}: 마스크의 클래스는 폴더 이름인데 '{name}'은(는) 폴더 이름이 될 수 없습니다. 글자로 쓰세요",
    )


def outline_needed(name: str) -> DataError:
    """The error for a box among masks of objects."""
    return DataError(
        f"a mask holds the outline of an object, and this {name!r} is only a box; draw its outline",
        f"마스크에는 물체의 윤곽을 적는데 이 '{name}'은(는) 상자뿐입니다. 윤곽을 그리세요",
    )


def outline_without_pixels(name: str) -> DataError:
    """The error for an outline that no pixel is in."""
    return DataError(
        f"the outline of {name!r} holds the centre of no pixel; draw it again",
        f"'{name}' 윤곽 안에 픽셀이 하나도 없습니다. 다시 그리세요",
    )
