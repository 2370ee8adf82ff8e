"""The process and its clock: settings that make training and search on the CPU faster, without changing a result."""

import ctypes
import os
import platform
from datetime import UTC, datetime

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h
PRIMITIVES = (
    20_000  # compiled kernels that oneDNN keeps; its 1,024 are fewer than the shapes of an epoch's batches
)
VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # what torchrun tells a process


def tune_process() -> None:
    """Prepare this process for work with models; to be called before the first step, the earlier the better."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(PRIMITIVES))
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Tell glibc's allocator to reuse large blocks: each step takes and frees the same ones.

    Without it the system clears their pages anew each time. Does nothing where the C library is another one.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(M_MMAP_MAX, 0)
    libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def time_now() -> str:
    """Now, in a form that files keep and that sorts."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def is_one_of_several() -> bool:
    """Whether torchrun started this process together with others."""
    return all(name in os.environ for name in VARIABLES) and int(os.environ["WORLD_SIZE"]) > 1
