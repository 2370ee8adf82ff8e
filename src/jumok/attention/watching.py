"""Watch the functions that attend, or change what they are given, for as long as somebody wants to."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from functools import wraps
from inspect import signature
from threading import Lock
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from jumok.attention.calls import WATCHED, Call, Hold, Watched

# Told of each call: how to read it, what came out, and the frame that called.
Watcher = Callable[[Callable[[Hold], Call], Tensor, FrameType], None]

# Given a call that is about to be made, its arguments by name, and the frame that calls: what to do in its place.
Changer = Callable[[Watched, dict[str, Any], FrameType], tuple[Watched, dict[str, Any]]]

watchers: ContextVar[tuple[Watcher, ...]] = ContextVar("watchers", default=())  # of this thread
changers: ContextVar[tuple[Changer, ...]] = ContextVar("changers", default=())  # of this thread
lock = Lock()
wrapped: list[tuple[dict[str, Any], str, Any]] = []  # where names stood for what, before
number = 0  # of those that watch, in all threads


@contextmanager
def watching(model: nn.Module, watcher: Watcher) -> Iterator[None]:
    """Tell `watcher` of every call of attention in this thread while `model` is at work."""
    with ExitStack() as stack:
        through_python(model, stack)
        token = watchers.set((*watchers.get(), watcher))
        stack.callback(watchers.reset, token)
        begin(model)
        stack.callback(end)
        yield


@contextmanager
def changing(model: nn.Module, changer: Changer) -> Iterator[None]:
    """Let `changer` change every call of attention in this thread while `model` is at work; watchers see it changed."""
    with ExitStack() as stack:
        through_python(model, stack)
        token = changers.set((*changers.get(), changer))
        stack.callback(changers.reset, token)
        begin(model)
        stack.callback(end)
        yield


def begin(model: nn.Module) -> None:
    """Wrap the functions wherever a module of Python names them; in those of the model under any name."""
    global number
    homes = {type(part).__module__ for part in model.modules()}
    with lock:
        number += 1
        for home, module in list(sys.modules.items()):
            names = getattr(module, "__dict__", {})
            for one in WATCHED:
                for name in list(names) if home in homes else [one.function.__name__]:
                    if names.get(name) is one.function:
                        wrapped.append((names, name, one.function))
                        names[name] = TELLING[one.function]


def end() -> None:
    """Put the functions back where they were, after the last one."""
    global number
    with lock:
        number -= 1
        while wrapped and not number:
            names, name, function = wrapped.pop()
            names[name] = function


def telling(one: Watched) -> Callable[..., Tensor]:
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


TELLING = {one.function: telling(one) for one in WATCHED}


def through_python(model: nn.Module, stack: ExitStack) -> None:
    """Let nothing hide calls of attention, until the stack is left.

    Compiled code and layers fused to one kernel do; timm's Swin has a switch between the fused kernel and matrices.
    """
    if "torch._dynamo" in sys.modules:
        stack.enter_context(torch.compiler.set_stance("force_eager"))
    stack.callback(torch.backends.mha.set_fastpath_enabled, torch.backends.mha.get_fastpath_enabled())
    torch.backends.mha.set_fastpath_enabled(False)
    for part in model.modules():
        if getattr(part, "fused_attn", None) is False:
            stack.callback(setattr, part, "fused_attn", False)
            vars(part)["fused_attn"] = True
