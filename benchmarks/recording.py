"""What it costs to see what a model looked at: recording, looking, and Hugging Face's own way beside them.

Four tables: how much longer a forward takes while it is recorded; how long it takes to look at a row, a column or a
head; time and memory of a forward of Marian by its fused attention, with all weights asked for (`output_attentions`),
and recorded with a row of every layer read; and what a recording holds beside all weights, by length. Weights are
random. Turns alternate; in the third table each is a process of its own, and its memory is the largest above the
level before. Linux only, for that.

    python benchmarks/recording.py
"""

import argparse
import gc
import json
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import jumok
from jumok import AttentionMap, Recording

WIDTH, HEADS, LAYERS, VOCABULARY = 512, 8, 6, 8000
PAIRS, LOOKS, ROUNDS = 10, 15, 2
LONG, LONGEST = 2048, 4096
LENGTHS = (64, 128, 256, 512, 1024, 2048, 4096)
PATHS = ("fused", "all weights", "recorded", "recorded, cross-attention only")
PARTS = ("recording", "looking", "marian", "holding")
MB = 2**20
Forward = Callable[[], Any]


def transformer() -> tuple[nn.Module, Forward]:
    """jumok's encoder and decoder, 8 sentences of 64 tokens."""
    from jumok.attention.multihead import MultiHeadAttention
    from jumok.attention.positions import SinusoidalPositions
    from jumok.decoders.transformer import TransformerDecoder
    from jumok.encoders.transformer import TransformerEncoder
    from jumok.layers.embedding import TokenEmbedding, TokenOutput
    from jumok.layers.feedforward import FeedForward
    from jumok.layers.transformer import TransformerDecoderLayer, TransformerEncoderLayer
    from jumok.values import Padded

    def attention() -> MultiHeadAttention:
        return MultiHeadAttention(WIDTH, HEADS)

    def feedforward() -> FeedForward:
        return FeedForward(WIDTH, 4 * WIDTH)

    words, positions = TokenEmbedding(VOCABULARY, WIDTH), SinusoidalPositions(WIDTH)
    below = [TransformerEncoderLayer(WIDTH, attention(), feedforward()) for _ in range(LAYERS)]
    above = [TransformerDecoderLayer(WIDTH, attention(), attention(), feedforward()) for _ in range(LAYERS)]
    encoder = TransformerEncoder(words, positions, below, WIDTH)
    decoder = TransformerDecoder(words, positions, above, TokenOutput(VOCABULARY, WIDTH, words))
    source, target = tokens(8, 64), tokens(8, 64)
    real = torch.ones_like(source, dtype=torch.bool)
    model = nn.ModuleDict({"encoder": encoder, "decoder": decoder}).eval()
    return model, lambda: decoder(target, encoder(Padded(source, real)))


def vision_transformer() -> tuple[nn.Module, Forward]:
    """timm's ViT-small, 8 images of 224 × 224."""
    import timm

    model = timm.create_model("vit_small_patch16_224").eval()
    images = torch.randn(8, 3, 224, 224)
    return model, lambda: model(images)


def marian(
    rows: int = 8, length: int = 64, layers: int = LAYERS, weights: bool = False
) -> tuple[nn.Module, Forward]:
    """Hugging Face's Marian: its default attention is fused; to give all weights, it needs the explicit one."""
    from transformers import MarianConfig, MarianMTModel

    sizes = {"layers": layers, "attention_heads": HEADS, "ffn_dim": 4 * WIDTH}
    both = {f"{side}_{name}": size for side in ("encoder", "decoder") for name, size in sizes.items()}
    ends = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
    config = MarianConfig(
        vocab_size=VOCABULARY, d_model=WIDTH, max_position_embeddings=length, **both, **ends
    )
    model = MarianMTModel._from_config(config, **({"attn_implementation": "eager"} if weights else {})).eval()
    source, target = tokens(rows, length), tokens(rows, length)
    asked = {"output_attentions": True} if weights else {}
    return model, lambda: model(input_ids=source, decoder_input_ids=target, use_cache=False, **asked)


def tokens(rows: int, length: int) -> Tensor:
    return torch.randint(2, VOCABULARY, (rows, length))


def now() -> float:
    """Seconds of the clock; with one thread those that it computed, for then others on the machine do not count."""
    return time.process_time() if torch.get_num_threads() == 1 else time.perf_counter()


def seconds(forward: Forward) -> float:
    started = now()
    forward()
    return now() - started


def milliseconds(forward: Forward, times: int) -> str:
    """The median, with the smallest and largest."""
    found = [1e3 * seconds(forward) for _ in range(times)]
    return f"{statistics.median(found):.2f} [{min(found):.2f}, {max(found):.2f}]"


def ratio(over: Sequence[float], under: Sequence[float]) -> str:
    """The ratio of medians, with the middle 95 % of those of resampled pairs."""
    drawn, pairs = random.Random(0), list(zip(over, under, strict=True))
    ratios = sorted(
        statistics.median(a for a, _ in some) / statistics.median(b for _, b in some)
        for some in (drawn.choices(pairs, k=len(pairs)) for _ in range(1000))
    )
    middle = statistics.median(over) / statistics.median(under)
    return f"{middle:.3f} [{ratios[25]:.3f}, {ratios[975]:.3f}]"


def recording_table(pairs: int) -> None:
    """A forward with `record` around it over the same without; which of a pair comes first alternates.

    What is recorded is not freed, so a forward takes new memory, whose pages the system clears: once if the process
    keeps what it frees, as all commands of jumok do, else each time.
    """
    from jumok.machine import keep_freed_memory

    names = {"jumok's Transformer": transformer, "timm's ViT-small": vision_transformer, "Marian": marian}
    print(f"| {pairs} pairs | memory | forward, ms | recorded / not | entering `record`, ms |")
    print("|---|---|---:|---:|---:|")
    for memory in ("freed", "kept"):
        if memory == "kept":
            keep_freed_memory()
        for name, make in names.items():
            print(f"| {name} | {memory} | {recording_row(*make(), pairs)} |", flush=True)


def recording_row(model: nn.Module, forward: Forward, pairs: int) -> str:
    def recorded() -> None:
        with jumok.record(model):
            forward()

    def entered() -> None:
        with jumok.record(model):
            pass

    for warm in (forward, recorded, recorded):
        warm()
    times: dict[Forward, list[float]] = {forward: [], recorded: []}
    for pair in range(pairs):
        for one in (forward, recorded) if pair % 2 else (recorded, forward):
            times[one].append(seconds(one))
    took = 1e3 * statistics.median(times[forward])
    return f"{took:.0f} | {ratio(times[recorded], times[forward])} | {milliseconds(entered, pairs)}"


def looking_table(length: int) -> None:
    """A look at one attention, first and again: then what the softmax of a query divides by is known."""
    from jumok.attention.multihead import MultiHeadAttention

    model, x = MultiHeadAttention(WIDTH, HEADS), torch.randn(1, length, WIDTH)
    with jumok.record(model) as maps:
        model(x, x)
    kept, middle = maps[""], length // 2
    looks: dict[str, tuple[Callable[[AttentionMap], Tensor], int]] = {
        "a row of one head": (lambda attention: attention[0, 0, middle], LOOKS),
        "a row of all heads": (lambda attention: attention[0, :, middle], LOOKS),
        "a tile of 64 × 64": (lambda attention: attention[0, 0, middle : middle + 64, :64], LOOKS),
        "a column of one head": (lambda attention: attention[0, 0, :, middle], 5),
        "a whole head": (lambda attention: attention[0, 0], 5),
    }
    print("| | first, ms | again, ms |\n|---|---:|---:|")
    for name, (look, times) in looks.items():
        look(replace(kept, _known={}))
        first = milliseconds(lambda look=look: look(replace(kept, _known={})), times)
        look(kept)
        print(f"| {name} | {first} | {milliseconds(lambda look=look: look(kept), times)} |")


def turn(path: str, length: int) -> dict[str, float]:
    """Seconds and MB of a forward in this process, on one path."""
    model, forward = marian(1, length, weights=path == "all weights")
    _, short = marian(1, 64, layers=1)
    short()  # what is made once in a process
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts from here
    before = status("VmRSS")
    only = "*.encoder_attn" if "cross" in path else ()
    recording = jumok.record(model, only) if path.startswith("recorded") else nullcontext()
    started = now()
    with recording as maps:
        out = forward()
    rows = [maps[name][0, :, length // 2] for name in maps] if maps else []
    took = now() - started
    return {"seconds": took, "MB": status("VmHWM") - before, "rows": len(rows), "width": out.logits.shape[-1]}


def status(name: str) -> float:
    """Memory of this process in MB."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    if not found:
        raise SystemExit("this needs /proc/self/status, as Linux has it")
    return int(found[1]) / 1024


def peers_table(length: int, rounds: int) -> None:
    found: dict[str, list[dict[str, float]]] = {path: [] for path in PATHS}
    for number in range(rounds):
        for path in PATHS[::-1] if number % 2 else PATHS:
            command = [sys.executable, __file__, "--turn", path, "--length", str(length)]
            found[path].append(json.loads(subprocess.check_output(command)))
    print(
        f"| {rounds} rounds | seconds | / fused | MB above the level before | / fused |\n|---|---:|---:|---:|---:|"
    )
    for path, turns in found.items():
        cells = []
        for what, form in (("seconds", ".2f"), ("MB", ".0f")):
            values, base = ([one[what] for one in some] for some in (turns, found["fused"]))
            cells.append(f"{statistics.median(values):{form}} [{min(values):{form}}, {max(values):{form}}]")
            ratios = [value / other for value, other in zip(values, base, strict=True)]
            cells.append(f"{statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]")
        print(f"| {path} | {' | '.join(cells)} |")


def holding_table(lengths: Sequence[int]) -> None:
    """MB of the three attentions of a Marian with one layer, in float32: as reckoned, and as found."""
    print(
        "| N | queries and keys | and values and outputs | held by `record` | N × N weights | held / weights |"
    )
    print("|---:|---:|---:|---:|---:|---:|")
    for length in lengths:
        model, forward = marian(1, length, layers=1)
        with torch.inference_mode(), jumok.record(model) as maps:
            forward()
        held = bytes_held(maps)
        maps.clear()
        _, forward = marian(1, length, layers=1, weights=True)
        with torch.inference_mode():
            out = forward()
        stacks = (*out.encoder_attentions, *out.decoder_attentions, *out.cross_attentions)
        weights, side = sum(one.nbytes for one in stacks), 3 * 4 * length * WIDTH  # of one tensor (N, D)
        if weights != 3 * 4 * HEADS * length**2:
            raise SystemExit(f"the weights were to have {3 * 4 * HEADS * length**2} bytes; got {weights}")
        sizes = (2 * side, 4 * side, held, weights)
        cells = " | ".join(f"{size / MB:.2f}" for size in sizes)
        print(f"| {length} | {cells} | {held / weights:.2f} |")


def bytes_held(maps: Recording) -> int:
    """Of all memory that a recording keeps from being freed."""
    storages = (tensor.untyped_storage() for call in maps.calls for tensor in call.kept())
    return sum({storage.data_ptr(): storage.nbytes() for storage in storages}.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="short lengths: only to see that everything runs"
    )
    parser.add_argument("--parts", default=",".join(PARTS), help="tables to make (default: %(default)s)")
    parser.add_argument("--turn", choices=PATHS, help="measure one path here, as JSON")
    parser.add_argument("--length", type=int, default=LONG, help="of --turn")
    given = parser.parse_args()
    torch.manual_seed(0)
    if given.turn:
        with torch.inference_mode():
            print(json.dumps(turn(given.turn, given.length)))
        return
    quick, parts = given.quick, given.parts.split(",")
    clock = "the processor" if torch.get_num_threads() == 1 else "the clock"
    print(f"{torch.get_num_threads()} threads, seconds of {clock}, torch {torch.__version__}")
    if "recording" in parts:
        print("\n## Recording a forward\n")
        with torch.inference_mode():
            recording_table(2 if quick else PAIRS)
    if "looking" in parts:
        print(f"\n## Looking at N = {256 if quick else LONGEST}\n")
        looking_table(256 if quick else LONGEST)
    if "marian" in parts:
        print(f"\n## Marian at N = {512 if quick else LONG}\n")
        peers_table(512 if quick else LONG, 1 if quick else ROUNDS)
    if "holding" in parts:
        print("\n## What is held, MB\n")
        holding_table(LENGTHS[:2] if quick else LENGTHS)


if __name__ == "__main__":
    main()
