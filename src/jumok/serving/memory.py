"""How much memory there is, and whether a model fits."""

from pathlib import Path

from jumok.errors import RunError
from jumok.runs.layout import RunLayout
from jumok.serving.limits import ServingLimits

LIBRARIES = 300_000_000  # bytes that a process needs before it loads any weights
COPIES = 2  # of the weights, while they are loaded
CGROUP = Path("/sys/fs/cgroup")


def require_room(path: Path, limits: ServingLimits) -> None:
    """RunError if the model of a folder does not fit into memory; asked before anything is loaded."""
    model = RunLayout(path).model
    folder = model if model.is_dir() else path
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    needed, room = LIBRARIES + COPIES * size, available_memory()
    if limits.memory is not None:
        room = min(room, limits.memory)
    if needed > room:
        raise RunError(
            f"{path}: its weights are {size / 1e6:,.0f} MB, and loading them needs about {needed / 1e6:,.0f} MB of "
            f"memory; {room / 1e6:,.0f} MB are free; serve a smaller model, or fewer at once"
        )


def available_memory() -> int:
    """Bytes that this process may still take, of the machine and of its group."""
    return min(_told("MemAvailable"), _room_of_group())


def usable_memory() -> int:
    """Bytes of the machine, or of the group of this process."""
    return min(_told("MemTotal"), _number(CGROUP / "memory.max"))


def _told(name: str) -> int:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))
    except (OSError, StopIteration, ValueError):
        return 2**62


def _room_of_group() -> int:
    most, taken = _number(CGROUP / "memory.max"), _number(CGROUP / "memory.current")
    return most if taken == 2**62 else max(most - taken, 0)


def _number(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # another system, or "max"
        return 2**62
