"""Arrays of NumPy: .npy with one, .npz with several by name; never pickled objects."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from jumok.data.tables.faults import UnreadableFile, fail
from jumok.data.tables.open_text import read_fault
from jumok.errors import did_you_mean
from jumok.wording import quantity

ARRAY_SUFFIXES = (".npy", ".npz")
ARRAY_ERRORS = (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError)


def read_array(path: Path, name: str = "") -> np.ndarray:
    """An array of a file.

    Args:
        path: A .npy or .npz file.
        name: The name of the array; may be empty if the file has one only.

    Returns:
        The array; one of a .npy file is memory-mapped.

    Raises:
        UnreadableFile: The file is no array file, is damaged, has no such array, or holds pickled objects.
    """
    fault = read_fault(path)
    if fault:
        raise UnreadableFile(fault)
    try:
        if path.suffix.lower() == ".npz":
            with path.open("rb") as file, np.load(file) as arrays:
                return arrays[chosen_name(path, list(arrays.files), name)]
        found: np.ndarray = np.load(path, mmap_mode="r")
    except ARRAY_ERRORS as error:
        raise unreadable_array(path, name, error) from None
    if name:
        raise fail(
            path, None, f"has one array without a name, not {name!r}", "leave the name out", "bad_series"
        )
    return found


def array_names(path: Path) -> list[str]:
    """The names of the arrays in a .npz file; raises UnreadableFile."""
    fault = read_fault(path)
    if fault:
        raise UnreadableFile(fault)
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return list(arrays.files)
    except ARRAY_ERRORS as error:
        raise unreadable_array(path, "", error) from None


def chosen_name(path: Path, names: list[str], name: str) -> str:
    """The name of an array, which is that of the only one if it is empty; raises UnreadableFile."""
    if name in names:
        return name
    if not name and len(names) == 1:
        return names[0]
    if not name:
        problem = f"has {quantity(len(names), 'array')}: {', '.join(names)}"
        raise fail(path, None, problem, f"say which, like {path.name}#{(names or ['x'])[0]}", "bad_series")
    hint = did_you_mean(name, names).removeprefix("; ")
    raise fail(path, None, f"has no array {name!r}", hint or "correct the name", "unknown_column")


def unreadable_array(path: Path, name: str, error: Exception) -> UnreadableFile:
    """The exception for a file whose array cannot be read."""
    if "pickle" in str(error) or "Object arrays" in str(error):
        what = f"holds Python objects{f' in {name!r}' if name else ''}, which are never read"
        remedy = "save arrays of numbers; fill series of unequal length with NaN at their ends"
        return fail(path, None, what, remedy, "pickled_array")
    problem = f"is no array file of NumPy, or damaged ({' '.join(str(error).split())[:200]})"
    return fail(path, None, problem, "save it again with numpy.save or numpy.savez", "damaged_array")


def plain(value: Any) -> str:
    """A number or text of an array as the text of a cell."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
