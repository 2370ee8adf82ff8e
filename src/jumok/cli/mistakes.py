"""Errors of files and names that no reader reported, in one sentence."""

import errno
import os
import re
from collections.abc import Sequence

from jumok.errors import DataError
from jumok.files import not_text, spelt_out

AROUND = 40  # characters shown on either side of what is no text
PACKAGES = {  # what pip calls the modules that are not called so
    "PIL": "pillow",
    "yaml": "PyYAML",
    "faster_coco_eval": "faster-coco-eval",
    "python_multipart": "python-multipart",
}
OF_THE_USER = (  # errors that a person can do something about, wherever they come from
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO),
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
)
# what torch says where the other end of a connection between processes is gone
LOST = re.compile(
    r"Connection (reset|closed) by (the )?peer|Broken pipe|Socket Timeout|Connection refused", re.IGNORECASE
)
REMEDIES = {
    errno.ENOSPC: "; make room, then run the command again",
    errno.EDQUOT: "; make room, then run the command again",
    errno.EACCES: "; correct the permissions, then run the command again",
    errno.EPERM: "; correct the permissions, then run the command again",
}


def refuse_no_text(arguments: Sequence[str]) -> None:
    """DataError for a word of the command line that no file and no page could repeat."""
    for argument in arguments:
        if not_text(argument):
            raise DataError(
                f"'{spelt_out(argument)}' on the command line is not UTF-8; rename the file, or write the text as UTF-8"
            )
        if "\0" in argument:
            raise DataError(
                f"{argument!r} on the command line has a NUL character; no name and no text has one"
            )


def sentence_of(error: Exception) -> str | None:
    """What a person should know of an error of files, names or packages; None for one that is ours."""
    if isinstance(error, ModuleNotFoundError):
        return missing_package(error)
    if isinstance(error, UnicodeEncodeError):
        part = error.object[max(0, error.start - AROUND) : error.end + AROUND]
        return f"'{spelt_out(part)}' is not UTF-8; rename the file, or write the text as UTF-8"
    if isinstance(error, OSError) and error.errno in OF_THE_USER:
        name = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        return f"{name}{error.strerror}{REMEDIES.get(error.errno, '')}"
    if isinstance(error, RuntimeError) and str(error).startswith("Symlink loop"):
        return f"{error}: a link that leads to itself; name the real file or folder"
    return None


def lost_process(error: RuntimeError) -> str | None:
    """What to do where another process of the same training is gone; None for another error."""
    found = LOST.search(str(error))
    if found is None:
        return None
    return (
        f"another process of this training is gone ({found[0].lower()}); the last checkpoint is whole: run the same "
        "command again, on the machines that are left; torchrun does so itself with --max-restarts"
    )


def missing_package(error: ModuleNotFoundError) -> str | None:
    """How to install what is not there; None if it is a module of our own."""
    module = (error.name or "").partition(".")[0]
    if not module or module == "jumok":
        return None
    package = PACKAGES.get(module, module)
    return f"this needs the package {package}, which is not installed; install it: pip install {package}"
