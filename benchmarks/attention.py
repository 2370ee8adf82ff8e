"""Which attention is faster on this machine's CPU: the fused kernel, or matmul, softmax and matmul one after the other.

Prints the time of the fused kernel over that of the explicit one, forward and backward, for each length and number
format; `jumok.attention.core` takes the explicit one where it wins (bf16, while training, up to SHORT keys).

    python benchmarks/attention.py
"""

import statistics
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from jumok.attention.core import _explicit

HEADS, WIDTH, TOKENS, ROUNDS = 4, 64, 4096, 7


def fused(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(q, k, v, allowed)


def explicit(q: Tensor, k: Tensor, v: Tensor, allowed: Tensor) -> Tensor:
    return _explicit(q, k, v, allowed, causal=False, scale=WIDTH**-0.5, dropout=0.0)


def seconds(attention: Callable[..., Tensor], tensors: list[Tensor], allowed: Tensor) -> float:
    start = time.perf_counter()
    attention(*tensors, allowed).sum().backward()
    return time.perf_counter() - start


def compare(length: int, dtype: torch.dtype) -> tuple[float, float]:
    """Median seconds of the fused and of the explicit attention, measured by turns."""
    rows = max(1, TOKENS // length)
    shape = (rows, HEADS, length, WIDTH)
    tensors = [torch.randn(shape, dtype=dtype, requires_grad=True) for _ in range(3)]
    allowed = torch.ones(rows, 1, 1, length, dtype=torch.bool)
    times: dict[str, list[float]] = {"fused": [], "explicit": []}
    for round_ in range(ROUNDS + 1):
        for name, attention in (("fused", fused), ("explicit", explicit)):
            taken = seconds(attention, tensors, allowed)
            if round_:  # the first one warms up
                times[name].append(taken)
    return statistics.median(times["fused"]), statistics.median(times["explicit"])


def main() -> None:
    print(f"{torch.get_num_threads()} threads, {TOKENS} positions, {HEADS} heads of {WIDTH}")
    print("length  dtype     fused ms  explicit ms  fused / explicit")
    for dtype in (torch.float32, torch.bfloat16):
        for length in (8, 16, 32, 64, 128, 256, 512, 1024):
            slow, fast = compare(length, dtype)
            name = str(dtype).removeprefix("torch.")
            print(f"{length:6}  {name:8}  {1e3 * slow:8.2f}  {1e3 * fast:11.2f}  {slow / fast:16.2f}")


if __name__ == "__main__":
    main()
