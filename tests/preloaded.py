"""Python programs in processes of their own that need no seconds to load torch: forked from one that has loaded it.

`python()` gives the beginning of a command line, as [sys.executable] is. What it starts is this file again, which
hands its words, folder, environment and streams to the process that forks, passes on signals, and ends as the fork
ends. A fork begins with nothing of jumok loaded. At its end it flushes as Python does, but takes nothing apart.
"""

import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOADED = (  # what training, its report and predicting load, but for jumok itself
    *(
        "torch",
        "torch._dynamo",
        "torch.distributed.fsdp",
        "torch.distributed.launcher.api",
        "torch.utils.data",
    ),
    *(
        "numpy",
        "pyarrow.csv",
        "pyarrow.parquet",
        "tokenizers",
        "safetensors.torch",
        "pydantic",
        "yaml",
        "typer",
    ),
    *(
        "rich.progress",
        "sacrebleu",
        "rapidfuzz",
        "jinja2",
        "matplotlib.figure",
        "matplotlib.backends.backend_svg",
    ),
    *("torchvision.ops", "torchvision.transforms.v2.functional", "timm", "optuna"),
)
STREAMS = (0, 1, 2)
INTERPRETER = "JUMOK_TESTS_PYTHON"  # of the processes that a fork starts, if it is not that which it has
NO_FORK = 121  # the status where the process that forks has come to its end


@contextmanager
def python() -> Iterator[list[str]]:
    """The beginning of a command line whose Python is forked, for as long as the process that forks is there."""
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        place = str(Path(folder) / "forking")
        listening.bind(place)
        listening.listen()
        call, number = [sys.executable, __file__], listening.fileno()
        streams = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL}
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        with subprocess.Popen([*call, "--fork", str(number)], env=environment, pass_fds=[number], **streams):
            listening.close()  # here, so that nobody waits for a process that forks no more
            script = Path(folder) / "python"
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{__file__}" "{place}" "$@"\n')
            script.chmod(0o700)
            yield [str(script)]


# --- the process that forks


def fork_for_all(listening: socket.socket) -> None:
    """Fork for everyone who asks, until standard input ends; returns in each fork that is to run a program."""
    from importlib import import_module

    for name in LOADED:
        import_module(name)
    while listening in select.select([0, listening], [], [])[0]:
        asking, _ = listening.accept()
        if os.fork() == 0:
            listening.close()
            serve(asking)
            return
        asking.close()
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    with suppress(ChildProcessError):
        while True:
            os.wait()
    os._exit(0)


def serve(asking: socket.socket) -> None:
    """Watch over the fork that runs what is asked, and tell how it ends; returns in that fork."""
    _, streams, _, _ = socket.recv_fds(asking, 1, len(STREAMS))
    size = int.from_bytes(asking.recv(4, socket.MSG_WAITALL))
    asked = json.loads(asking.recv(size, socket.MSG_WAITALL))
    ended, running = os.pipe()
    child = os.fork()
    if child == 0:
        asking.close()
        become(asked, streams)
        return
    for number in (running, *streams, *STREAMS):
        os.close(number)
    while asking in select.select([asking, ended], [], [])[0]:
        given = asking.recv(1)
        os.kill(child, given[0] if given else signal.SIGKILL)
        if not given:  # nobody asks any more
            break
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(BrokenPipeError):
        asking.sendall(status.to_bytes(4, signed=True))
    os._exit(0)


def become(asked: dict, streams: list[int]) -> None:
    """Take over the words, folder, environment and streams of the one that asks."""
    for number, stream in zip(STREAMS, streams, strict=True):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    del sys.path[0]  # of this file
    sys.path[:0] = [path for path in given if path and path not in sys.path]
    sys.argv = asked["words"]
    sys.executable = os.environ.get(INTERPRETER, sys.executable)


def end_of(program: Callable[[], None]) -> int:
    """Run a program to its end, with all that Python says and does then; its exit status."""
    import atexit

    status: object = 0
    try:
        program()
    except SystemExit as end:
        status = end.code or 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    if not isinstance(status, int):
        print(status, file=sys.stderr)
        status = 1
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except OSError as error:
        print(f"Exception ignored in: {sys.stdout}\n{error!r}", file=sys.stderr)
        status = 120
    return status


def run() -> None:
    """Run sys.argv as `python` runs its words: a file, -m and a module, or -c and code."""
    import runpy

    how, *words = sys.argv
    if how not in ("-m", "-c"):
        sys.path.insert(0, str(Path(how).parent))
        runpy.run_path(how, run_name="__main__")
        return
    sys.path.insert(0, os.getcwd())
    sys.argv = words if how == "-m" else ["-c", *words[1:]]
    if how == "-m":
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    else:
        exec(words[0], {"__name__": "__main__"})


# --- the process that asks


def ask(place: str, words: list[str]) -> int:
    """Let the words run in a fork with the streams of this process; how it ended."""
    with socket.socket(socket.AF_UNIX) as forking:
        forking.connect(place)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, frame: forking.sendall(bytes([number])))
        asked = {"words": words, "folder": os.getcwd(), "environment": dict(os.environ)}
        data = json.dumps(asked).encode()
        socket.send_fds(forking, [b"x"], STREAMS)
        forking.sendall(len(data).to_bytes(4) + data)
        status = forking.recv(4, socket.MSG_WAITALL)
        return int.from_bytes(status, signed=True) if status else NO_FORK


if __name__ == "__main__":
    if sys.argv[1] == "--fork":
        fork_for_all(socket.socket(fileno=int(sys.argv[2])))
        os._exit(end_of(run))
    else:
        status = ask(sys.argv[1], sys.argv[2:])
        if status >= 0:
            sys.exit(status)
        with suppress(OSError):  # of what cannot be caught
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
