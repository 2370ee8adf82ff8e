"""Record the attention of a model: every call is kept, and weights are computed on demand.

While a recording is on, the functions that attend are wrapped where modules find them, and unwrapped at its end; a
model knows nothing of it, and computes with the kernels that it always computes with.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from types import FrameType

from torch import Tensor, nn

from jumok.attention.calls import Call, Keep
from jumok.attention.interception import observing_calls
from jumok.attention.maps import AttentionMap, versions_of
from jumok.errors import RunError, did_you_mean
from jumok.wording import quantity

COMPILED = "_orig_mod."  # where a compiled module keeps the one that it was made of


@contextmanager
def record(
    model: nn.Module,
    only: str | Sequence[str] = (),
    gradients: bool = False,
    copies: bool = False,
) -> Iterator["Recording"]:
    """Keep every call of attention that `model` makes in a `with` block: `with jumok.record(model) as maps: ...`.

    Works on any module that calls `scaled_dot_product_attention`, whatever kernel computes it, and on jumok's own;
    calls of other models, and those of other threads, are not kept. What is kept are the tensors of a call as they
    are; weights are computed on demand (`AttentionMap`). `only` keeps modules whose path is like a pattern
    ("decoder.*"). `gradients` keeps the gradient of what attention gave, too, when `backward` is called. `copies`
    copies all tensors, for models that write into their cache. Compiled modules run without their compiled code.

    Args:
        model: The model.
        only: Patterns of module paths; by default all modules are recorded.
        gradients: Whether to keep the gradient of each output.
        copies: Whether to copy all tensors.

    Returns:
        The recording.
    """
    patterns = (only,) if isinstance(only, str) else tuple(only)
    recording = Recording(model, patterns, gradients, copies)
    with observing_calls(model, recording.on_call):
        yield recording


class Recording:
    """The calls of attention that a model made, by the path of the module that made them.

    `maps["encoder.layers.0.attention"]` is the attention of the only call of that module, `maps.all(name)` all calls of
    one, in their order: a decoder attends once for each step.
    """

    def __init__(self, model: nn.Module, only: Sequence[str], gradients: bool, copies: bool) -> None:
        self.paths = {id(part): path.replace(COMPILED, "") for path, part in model.named_modules()}
        self.only, self.gradients, self.copies = only, gradients, copies
        self.calls: list[AttentionMap] = []
        self.left_out: dict[str, None] = {}  # the paths of modules that attended, but are not like `only`

    def __repr__(self) -> str:
        return f"<Recording of {quantity(len(self.calls), 'attention call')} in {quantity(len(self.names), 'module')}>"

    @property
    def names(self) -> list[str]:
        """The paths of the modules that attended, in the order of their first calls."""
        return list(dict.fromkeys(call.name for call in self.calls))

    def all(self, name: str) -> list[AttentionMap]:
        """All calls of one module, in their order; RunError if there is none."""
        found = [call for call in self.calls if call.name == name]
        if not found:
            if not self.calls and self.left_out:
                raise RunError(
                    f"no attention was recorded: nothing is like {' or '.join(map(repr, self.only))}; "
                    f"those that attended: {', '.join(self.left_out)}"
                )
            if not self.calls:
                raise RunError(
                    "no attention was recorded: nothing in the model called scaled_dot_product_attention in this "
                    "thread while the recording was on (transformers need attn_implementation='sdpa', "
                    "nn.MultiheadAttention need_weights=False, FlexAttention is not seen, and a model is to be "
                    "compiled before or after)"
                )
            hint = did_you_mean(name, self.names) or f"; those that were: {', '.join(self.names)}"
            raise RunError(f"no attention of {name!r} was recorded{hint}")
        return found

    def __getitem__(self, name: str) -> AttentionMap:
        """The only call of a module; RunError if there are none, or several."""
        found = self.all(name)
        if len(found) > 1:
            raise RunError(f"{name} attended {len(found)} times; maps.all({name!r}) gives every call")
        return found[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def clear(self) -> None:
        """Forget all calls, as between the steps of a training."""
        self.calls.clear()
        self.left_out.clear()

    def on_call(self, read: Callable[[Keep], Call], output: Tensor, frame: FrameType) -> None:
        """Keep a call if one of the model's modules made it.

        Args:
            read: Reads the call's arguments.
            output: The output of the call.
            frame: The frame of the caller.
        """
        name = self.caller(frame)
        if name is None:
            return
        if self.only and not any(fnmatchcase(name, pattern) for pattern in self.only):
            self.left_out[name] = None
            return
        hold = duplicate if self.copies else Tensor.detach
        call = read(hold)
        gradients: list[Tensor] = []
        if self.gradients and output.requires_grad:
            output.register_hook(lambda gradient: gradients.append(call.shaped(gradient.detach())))
        kept = AttentionMap(
            name, call.scores, call.values, call.shaped(hold(output)), call.dropout, gradients
        )
        self.calls.append(replace(kept, _versions=versions_of(kept.kept())))

    def caller(self, frame: FrameType | None) -> str | None:
        """The path of the module nearest to a frame, going outwards: found as `self` or `module` in the frame."""
        while frame is not None:
            variables = frame.f_locals
            for name in ("self", "module"):
                path = self.paths.get(id(variables.get(name)))
                if path is not None:
                    return path
            frame = frame.f_back
        return None


def duplicate(x: Tensor) -> Tensor:
    """A copy without gradient."""
    return x.detach().clone()
