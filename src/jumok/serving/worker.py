"""A process that loads one model and computes what a server sends it: frames on standard input, frames back.

It ends when its input does, so that no model outlives its server. A spare process is told first which modules its model
will need, as those of images take longer to import than a model to load.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

from jumok.errors import JumokError
from jumok.serving.wire import Frame, pack, read_frame

NEEDED = "jumok", "torchvision"  # packages whose modules are loaded when a model needs them
MODULES = "modules"  # the key of a frame that names modules
OUT_OF_MEMORY_SCORE = "800"  # of 1000: the kernel ends this process before the server


def run_worker() -> None:
    """Serve frames until standard input ends; everything that is printed goes to standard error."""
    channel = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    volunteer()
    from jumok.serving.computing import Computer

    (first, frames) = listen(sys.stdin.buffer)
    if first is None:
        return
    send = sender(channel)
    try:
        computer = Computer.load(first.header, send)
    except (JumokError, MemoryError, RuntimeError, ValueError, OSError) as error:
        send(Frame({"failed": sentence_for_client(error)}))
        return
    send(Frame({"ready": computer.description, MODULES: needed_modules()}))
    while (frame := frames.get()) is not None:
        send(computer.answer(frame))


def listen(stream: BinaryIO) -> tuple[Frame | None, "SimpleQueue[Frame | None]"]:
    """The frame that names the model, and a queue of those after it; modules that are named before are loaded.

    The process ends with the stream, whatever it computes.
    """
    first: Frame | None = read_frame(stream)
    while first is not None and MODULES in first.header:
        import_needed(first.header[MODULES])
        first = read_frame(stream)
    frames: SimpleQueue[Frame | None] = SimpleQueue()

    def read() -> None:
        while (frame := read_frame(stream)) is not None:
            frames.put(frame)
        os._exit(0)

    if first is not None:
        Thread(target=read, name="frames", daemon=True).start()
    return first, frames


def needed_modules() -> list[str]:
    """The modules that were loaded for the model, in their order."""
    return [name for name in sys.modules if name.partition(".")[0] in NEEDED]


def import_needed(names: Sequence[str]) -> None:
    """Import modules of those packages, as far as they are there."""
    for name in names:
        if name.partition(".")[0] in NEEDED:
            with suppress(ImportError):
                import_module(name)


def sender(channel: BinaryIO) -> Callable[[Frame], None]:
    """Writes whole frames."""

    def send(frame: Frame) -> None:
        left = memoryview(pack(frame))
        while left:
            left = left[channel.write(left) :]

    return send


def volunteer() -> None:
    """Where memory runs out, this process goes first."""
    try:
        Path("/proc/self/oom_score_adj").write_text(OUT_OF_MEMORY_SCORE)
    except OSError:
        return  # not Linux, or not allowed: nothing is lost but the order


def sentence_for_client(error: BaseException) -> str:
    """What a person should know of an error."""
    if isinstance(error, JumokError):
        return str(error)
    if isinstance(error, MemoryError) or "not enough memory" in str(error) or "out of memory" in str(error):
        return "there is not enough memory for it; send less at a time, or serve a smaller model"
    return f"this could not be computed ({type(error).__name__}); the log of the server says more"


if __name__ == "__main__":
    run_worker()
