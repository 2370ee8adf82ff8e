"""Which attention is faster on this machine's CPU: the fused kernel, or matmul, softmax and matmul one after the other.

Prints the time of the fused kernel over that of the explicit one for each length and number format: forward and
backward, as in training, then forward alone with one query a row, as in a search. `jumok.attention.core` takes the
explicit one where it wins (bf16, up to SHORT keys, in training or from ROWS rows on).

    python benchmarks/attention.py
"""

import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from jumok.attention.core import _explicit
from jumok.device import has_fast_bf16

HEADS, WIDTH, TOKENS, ROUNDS = 4, 64, 4096, 7


def fused(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, allowed)


def explicit(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor) -> Tensor:
    return _explicit(q, k, v, allowed, causal=False, scale=WIDTH**-0.5, dropout=0.0)


def seconds(attention: Callable[..., Tensor], tensors: list[Tensor], allowed: Tensor) -> float:
    start = time.perf_counter()
    mixed = attention(*tensors, allowed)
    if mixed.requires_grad:
        mixed.sum().backward()
    return time.perf_counter() - start


def compare(rows: int, queries: int, keys: int, dtype: torch.dtype, training: bool) -> tuple[float, float]:
    """Median seconds of the fused and of the explicit attention, measured by turns."""
    lengths = (queries, keys, keys)
    tensors = [
        torch.randn(rows, HEADS, length, WIDTH, dtype=dtype, requires_grad=training) for length in lengths
    ]
    allowed = torch.ones(rows, 1, 1, keys, dtype=torch.bool)
    times: dict[str, list[float]] = {"fused": [], "explicit": []}
    for round_ in range(ROUNDS + 1):
        for name, attention in (("fused", fused), ("explicit", explicit)):
            taken = seconds(attention, tensors, allowed)
            if round_:  # the first one warms up
                times[name].append(taken)
    return statistics.median(times["fused"]), statistics.median(times["explicit"])


def show(rows: int, queries: int, keys: int, dtype: torch.dtype, training: bool) -> None:
    slow, fast = compare(rows, queries, keys, dtype, training)
    name = str(dtype).removeprefix("torch.")
    print(f"{rows:4}  {keys:6}  {name:8}  {1e3 * slow:8.2f}  {1e3 * fast:11.2f}  {slow / fast:16.2f}")


def formats() -> tuple[torch.dtype, ...]:
    """What to compare: bf16 only where the processor multiplies in it."""
    fast = has_fast_bf16(torch.device("cpu"))
    return (torch.float32, torch.bfloat16) if fast else (torch.float32,)


def main() -> None:
    columns = "rows  length  dtype     fused ms  explicit ms  fused / explicit"
    print(
        f"training: {torch.get_num_threads()} threads, {TOKENS} positions, {HEADS} heads of {WIDTH}\n{columns}"
    )
    for dtype in formats():
        for length in (8, 16, 32, 64, 128, 256, 512, 1024):
            show(max(1, TOKENS // length), length, length, dtype, training=True)
    print(f"search: one query a row, forward alone\n{columns}")
    for dtype in formats():
        for rows in (1, 2, 4, 16, 64):
            for length in (16, 64, 512):
                show(rows, 1, length, dtype, training=False)


if __name__ == "__main__":
    main()
