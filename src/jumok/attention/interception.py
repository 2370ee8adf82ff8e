"""Observe the calls of attention functions, or change their arguments, within a context.

The functions are wrapped in the modules of Python that name them. A `TorchFunctionMode` would belong to one thread and
wrap nothing, but is off within functions of torch that are written in Python: it misses the kernel within
`multi_head_attention_forward` and what a checkpoint computes again in `backward`. It doubles the time of small models
while they are recorded, and compiled code would have to be switched off for all threads as here.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import wraps
from inspect import signature
from operator import setitem
from threading import Lock
from types import FrameType
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from jumok.attention.calls import WATCHED, Call, Keep, PatchedFunction

# Told of each call: how to read it, what came out, and the frame that called.
Watcher = Callable[[Callable[[Keep], Call], Tensor, FrameType], None]

# Given a call that is about to be made, its arguments by name, and the frame that calls: what to do in its place.
Changer = Callable[[PatchedFunction, dict[str, Any], FrameType], tuple[PatchedFunction, dict[str, Any]]]

Watching = TypeVar("Watching")
watchers: ContextVar[tuple[Watcher, ...]] = ContextVar("watchers", default=())  # of this thread
changers: ContextVar[tuple[Changer, ...]] = ContextVar("changers", default=())  # of this thread
lock = Lock()
number = 0  # of those that watch, in all threads
restoring = ExitStack()  # puts everything back, after the last one


@contextmanager
def observing_calls(model: nn.Module, watcher: Watcher) -> Iterator[None]:
    """Call `watcher` with every attention call in this thread while `model` runs."""
    with instrumented(model), one_more(watchers, watcher):
        yield


@contextmanager
def rewriting_calls(model: nn.Module, changer: Changer) -> Iterator[None]:
    """Let `changer` change every call of attention in this thread while `model` is at work; watchers see it changed."""
    with instrumented(model), one_more(changers, changer):
        yield


@contextmanager
def one_more(variable: ContextVar[tuple[Watching, ...]], watching: Watching) -> Iterator[None]:
    """With one more of those that are told of calls in this thread."""
    token = variable.set((*variable.get(), watching))
    try:
        yield
    finally:
        variable.reset(token)


@contextmanager
def instrumented(model: nn.Module) -> Iterator[None]:
    """All calls of attention in this model go through here; afterwards, everything is as it was."""
    begin()
    try:
        with lock:
            wrap(model)
            disable_fast_paths(model)
        yield
    finally:
        end()


def begin() -> None:
    """Count one more recording or change of calls."""
    global number
    with lock:
        number += 1


def end() -> None:
    """Put everything back as it was, if this was the last one."""
    global number
    with lock:
        number -= 1
        if not number:
            restoring.close()


def wrap(model: nn.Module) -> None:
    """Wrap the functions wherever a module of Python names them; in the model's own modules, under any alias."""
    homes = {type(part).__module__ for part in model.modules()}
    for home, module in sys.modules.copy().items():  # another thread may be importing
        names = getattr(module, "__dict__", {})
        for name in list(names) if home in homes else NAMES:
            if name in names and (function := ORIGINALS.get(id(names[name]))):
                restoring.callback(setitem, names, name, function)
                names[name] = WRAPPERS[function]


def disable_fast_paths(model: nn.Module) -> None:
    """Let nothing hide calls of attention.

    Compiled code and layers fused to one kernel do; timm's Swin has a switch between the fused kernel and matrices.
    """
    if "torch._dynamo" in sys.modules:
        restoring.enter_context(torch.compiler.set_stance("force_eager"))
    restoring.callback(torch.backends.mha.set_fastpath_enabled, torch.backends.mha.get_fastpath_enabled())
    torch.backends.mha.set_fastpath_enabled(False)
    for part in model.modules():
        if getattr(part, "fused_attn", None) is False:
            restoring.callback(setitem, vars(part), "fused_attn", False)
            vars(part)["fused_attn"] = True


def instrument(one: PatchedFunction) -> Callable[..., Tensor]:
    """The function, telling of its calls; not of those that it makes itself, nor of those of a backward pass."""
    parameters = tuple(signature(one.read).parameters)[1:]

    @wraps(one.function)
    def attending(*args: Any, **kwargs: Any) -> Tensor:
        told, changes = watchers.get(), changers.get()
        if torch._C._current_graph_task_id() != -1:  # checkpoints compute again on the way back
            told = ()
        if not told and not changes:
            return one.function(*args, **kwargs)
        made, frame = one, sys._getframe(1)
        for change in changes:
            made, kwargs = change(made, dict(zip(parameters, args, strict=False)) | kwargs, frame)
            args = ()
        tokens = watchers.set(()), changers.set(())
        try:
            output: Tensor = made.function(*args, **kwargs)
        finally:
            watchers.reset(tokens[0])
            changers.reset(tokens[1])
        for watcher in told:
            watcher(lambda hold: made.read(hold, *args, **kwargs), output, frame)
        return output

    return attending


WRAPPERS = {one.function: instrument(one) for one in WATCHED}
ORIGINALS = {
    id(one.function): one.function for one in WATCHED
}  # thousands of modules are asked: an id is quick to find
NAMES = [one.function.__name__ for one in WATCHED]
