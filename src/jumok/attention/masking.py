"""Hide keys from attention while a model runs, to see what its output would be without them.

What is hidden is taken out of the mask that a call hands to its kernel, so that the softmax shares its weight among
the keys that are left. Neither weights nor code of the model are touched, and gradients flow as ever.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from math import prod
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn

from jumok.attention.calls import Call, Keep, PatchedFunction
from jumok.attention.interception import rewriting_calls
from jumok.attention.record import COMPILED, Recording
from jumok.attention.scores import Scores
from jumok.errors import RunError, did_you_mean

Numbers = Sequence[int] | None  # None: all
Changed = tuple[PatchedFunction, dict[str, Any]]  # what is called, and its arguments by name
Without = Callable[[PatchedFunction, dict[str, Any], Tensor], Changed]  # hides pairs from a call


@dataclass(frozen=True)
class AttentionSite:
    """Where attention is changed: a module by its path, as recordings name it; one of its calls, one of its heads."""

    name: str
    call: int | None = None  # counted from 0 within the `with` block; None: every call
    head: int | None = None  # None: every head


@contextmanager
def mask_attention(
    model: nn.Module,
    places: Sequence[AttentionSite],
    keys: Numbers,
    queries: Numbers = None,
    examples: Numbers = None,
) -> Iterator["AttentionMask"]:
    """Hide `keys` from the attention at `places`, inside a with block.

    `with mask_attention(model, [AttentionSite("decoder.cross")], keys=[3]): ...`. It holds for these rows of queries
    and these examples of the batch, by default for all. With `keys` None all keys are hidden, and the head gives
    zeros: it is switched off (as in Michel et al., 2019). Indices that a call does not have are ignored, because a
    decoder that writes step by step has more keys each time. Blocks can be nested; a recording made at the same time
    sees the changed calls. The yielded object counts them (`changed`).

    Args:
        model: The model.
        places: The attention modules, calls and heads.
        keys: The keys to hide; None hides all.
        queries: The rows in which they are hidden; None stands for all.
        examples: The examples of the batch; None stands for all.

    Returns:
        Counts the changed calls (`changed`).
    """
    hiding = AttentionMask(model, places, keys, queries, examples)
    with rewriting_calls(model, hiding.change):
        yield hiding


class AttentionMask:
    """Which keys are hidden where, and how many calls it has changed so far."""

    def __init__(
        self,
        model: nn.Module,
        places: Sequence[AttentionSite],
        keys: Numbers,
        queries: Numbers,
        examples: Numbers,
    ) -> None:
        known = {name.replace(COMPILED, "") for name, _ in model.named_modules()}
        for place in places:
            if place.name not in known:
                raise RunError(f"the model has no module {place.name!r}{did_you_mean(place.name, known)}")
        self.places, self.keys, self.queries, self.examples = places, keys, queries, examples
        self.naming = Recording(model, (), False, False)
        self.calls: Counter[str] = Counter()
        self.changed = 0

    def change(self, made: PatchedFunction, given: dict[str, Any], frame: FrameType) -> Changed:
        """The call to make in place of one, if it is made at a place where something is hidden.

        Args:
            made: The attention function that was called.
            given: Its arguments by name.
            frame: The frame of the caller.

        Returns:
            The function to call and its arguments, as they were if nothing is hidden.
        """
        name = self.naming.caller(frame)
        places = [place for place in self.places if place.name == name]
        if name is None or not places:
            return made, given
        heads = self.heads(places, self.number(name, places))
        if not heads:
            return made, given
        if "energy" in given:
            return self.counted(made, given, without_additive, self.pairs(heads, 1, *additive_sizes(given)))
        kernel = "query" in given
        q, k = (given[name] for name in (("query", "key") if kernel else ("q", "k")))
        lead, H, sizes = sizes_of_dot(q, k, bool(given.get("enable_gqa")))
        hide = as_kernels_want(self.pairs(heads, H, *sizes).to(q.device), lead)
        return self.counted(made, given, without_kernel if kernel else without_attend, hide)

    def counted(
        self, made: PatchedFunction, given: dict[str, Any], without: Without, hide: Tensor
    ) -> Changed:
        """The changed call, if there is anything to hide from it.

        Args:
            made: The attention function that was called.
            given: Its arguments by name.
            without: Makes the changed call.
            hide: True on hidden pairs; broadcasts to (B, H, T, S).

        Returns:
            The function to call and its arguments, as they were if nothing is hidden.
        """
        if not bool(hide.any()):
            return made, given
        self.changed += 1
        return without(made, given, hide)

    def number(self, name: str, places: Sequence[AttentionSite]) -> int:
        """Which call of a module this is; a checkpoint's call on the way back repeats one that is not known."""
        if torch._C._current_graph_task_id() != -1:
            if any(place.call is not None for place in places):
                raise RunError(
                    f"{name} computes again on the way back (gradient checkpointing), so its calls cannot be "
                    "told apart; hide in every call (call=None), or switch checkpointing off"
                )
            return -1
        self.calls[name] += 1
        return self.calls[name] - 1

    def heads(self, places: Sequence[AttentionSite], number: int) -> set[int | None]:
        """The heads to be masked in a call; None stands for all."""
        return {place.head for place in places if place.call in (None, number)}

    def pairs(self, heads: set[int | None], H: int, B: int, T: int, S: int) -> Tensor:
        """The hidden pairs.

        Args:
            heads: The heads in which keys are hidden; None stands for all.
            H: The number of heads.
            B: The batch size.
            T: The number of queries.
            S: The number of keys.

        Returns:
            Boolean (B, H, T, S); a dimension is 1 if it does not matter.
        """
        beyond = [head for head in heads if head is not None and not -H <= head < H]
        if beyond:
            raise RunError(f"there is no head {beyond[0]} to change: {self.places[0].name} has {H}")
        of_heads = None if None in heads else [head for head in heads if head is not None]
        example, head = chosen(self.examples, B), chosen(of_heads, H)
        query, key = chosen(self.queries, T), chosen(self.keys, S).expand(S)
        return example[:, None, None, None] & head[:, None, None] & query[:, None] & key


def chosen(numbers: Numbers, size: int) -> Tensor:
    """True (size,) at these numbers, counted from the end if negative; (1,) for all."""
    if numbers is None:
        return torch.ones(1, dtype=torch.bool)
    found = torch.zeros(size, dtype=torch.bool)
    found[[number for number in numbers if -size <= number < size]] = True
    return found


def sizes_of_dot(q: Tensor, k: Tensor, grouped: bool) -> tuple[tuple[int, ...], int, tuple[int, int, int]]:
    """The sizes of a call of scaled dot-product attention.

    Args:
        q: Queries (..., T, K).
        k: Keys (..., S, K).
        grouped: Whether several heads of queries share one of keys.

    Returns:
        The dimensions before (T, K); the number of heads H; and B, T, S.
    """
    lead = q.shape[:-2] if grouped else torch.broadcast_shapes(q.shape[:-2], k.shape[:-2])
    with_heads = len(lead) > 1
    H, B = (lead[-1], prod(lead[:-1])) if with_heads else (1, prod(lead))
    return tuple(lead), H, (B, q.shape[-2], k.shape[-2])


def additive_sizes(given: dict[str, Any]) -> tuple[int, int, int]:
    """Batch size, queries and keys (B, T, S) of a call of additive attention."""
    return *given["q"].shape[:2], given["k"].shape[1]


def as_kernels_want(hide: Tensor, lead: tuple[int, ...]) -> Tensor:
    """Hidden pairs (B, H, T, S) in the dimensions of a call: any number of them before heads, or none at all."""
    if len(lead) < 2:
        return hide[:, 0] if lead else hide[0, 0]
    if len(lead) == 2 or len(hide) == 1:
        return hide
    return hide.unflatten(0, lead[:-1])


def without_kernel(made: PatchedFunction, given: dict[str, Any], hide: Tensor) -> Changed:
    """`scaled_dot_product_attention` with a mask, or a bias, that hides pairs.

    Args:
        made: The attention function that was called.
        given: Its arguments by name.
        hide: True on hidden pairs; broadcasts to (B, H, T, S).

    Returns:
        The changed call.
    """
    mask, (T, S) = given.get("attn_mask"), (given["query"].shape[-2], given["key"].shape[-2])
    if given.get("is_causal"):  # the kernel takes a mask or this, never both
        mask = torch.ones(T, S, dtype=torch.bool, device=hide.device).tril()
    if mask is None:
        mask = ~hide
    elif mask.dtype == torch.bool:
        mask = mask & ~hide
    else:
        mask = torch.where(hide, mask.new_tensor(-torch.inf), mask)
    return with_zeros(made, hide), {**given, "attn_mask": mask, "is_causal": False}


def without_attend(made: PatchedFunction, given: dict[str, Any], hide: Tensor) -> Changed:
    """`attend` with a mask that hides pairs.

    Args:
        made: The attention function that was called.
        given: Its arguments by name.
        hide: True on hidden pairs; broadcasts to (B, H, T, S).

    Returns:
        The changed call.
    """
    allowed = given.get("allowed")
    return made, {**given, "allowed": ~hide if allowed is None else allowed & ~hide}


def with_zeros(made: PatchedFunction, hide: Tensor) -> PatchedFunction:
    """The same kernel, giving zeros in rows from which everything is hidden, whatever it makes of them itself."""
    nothing = hide.all(-1, keepdim=True)  # (B, H, T, 1)
    if not bool(nothing.any()):
        return made

    @wraps(made.function)
    def attending(*args: Any, **given: Any) -> Tensor:
        return made.function(*args, **given).masked_fill(nothing, 0.0)

    return made._replace(function=attending)


def without_additive(made: PatchedFunction, given: dict[str, Any], hide: Tensor) -> Changed:
    """`attend_additively` with fewer valid keys; called twice if the mask is not the same for all queries.

    Args:
        made: The attention function that was called.
        given: Its arguments by name.
        hide: True on hidden pairs; broadcasts to (B, H, T, S).

    Returns:
        The changed call.
    """
    hide = hide.to(given["q"].device)
    rows, keys = hide.any(-1)[:, 0], hide.any(-2)[:, 0]  # (B, T) and (B, S), or of size 1
    if rows.shape[1] == 1:  # all queries of an example alike
        return made, {**given, "valid": given["valid"] & ~keys}

    @wraps(made.function)
    def attending(*args: Any, **given: Any) -> Tensor:
        seen = made.function(*args, **given)
        unseen = made.function(*args, **{**given, "valid": given["valid"] & ~keys})
        return torch.where(rows[..., None], unseen, seen)  # (B, T, D)

    @wraps(made.read)
    def read(hold: Keep, *args: Any, **given: Any) -> Call:
        call = made.read(hold, *args, **given)
        return call._replace(scores=HiddenScores(call.scores, hide.expand(call.scores.shape)))

    return PatchedFunction(attending, read), given


@dataclass(frozen=True, eq=False)
class HiddenScores:
    """Scores, some pairs of which are hidden."""

    scores: Scores
    masked: Tensor  # bool (B, H, T, S), mostly of stride 0

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """B, H, T, S."""
        return self.scores.shape

    def of(self, example: int, head: int, queries: slice, keys: slice) -> Tensor:
        """Scores (T', S') of one head, with -inf where keys are hidden.

        Args:
            example: The example of the batch.
            head: The head.
            queries: The rows.
            keys: The columns.

        Returns:
            Scores before the softmax, (T', S').
        """
        scores = self.scores.of(example, head, queries, keys)
        return scores.masked_fill(self.masked[example, head, queries, keys], -torch.inf)

    def tensors(self) -> Iterator[Tensor]:
        """The tensors that are kept for the scores."""
        yield from (*self.scores.tensors(), self.masked)
