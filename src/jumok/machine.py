"""Settings of the process that make the CPU faster without changing results, and the time."""

import ctypes
import os
import platform
from datetime import UTC, datetime

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of glibc's malloc.h
# compiled kernels that oneDNN keeps; its 1,024 are fewer than the shapes of an epoch's batches
PRIMITIVES = 20_000
VARIABLES = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")  # what torchrun tells a process


def tune_process() -> None:
    """Tune this process for work with models; call it before the first step."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", str(PRIMITIVES))
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Tell glibc's allocator to reuse large blocks, because each step allocates and frees the same ones.

    Otherwise the system clears their pages every time. Does nothing with other C libraries.
    """
    if platform.libc_ver()[0] != "glibc":
        return
    libc = ctypes.CDLL(None)
    libc.mallopt(M_MMAP_MAX, 0)
    libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def time_now() -> str:
    """The current time as text that sorts by time."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def is_one_of_several() -> bool:
    """Whether torchrun started this process together with others."""
    return all(name in os.environ for name in VARIABLES) and int(os.environ["WORLD_SIZE"]) > 1
