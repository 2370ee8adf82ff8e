"""The results of all turns as tables of medians and ratios."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

HUGGINGFACE, EOLE, INT8 = "huggingface", "eole", "ctranslate2 int8"
Results = Mapping[str, Sequence[Mapping[str, Any]]]  # those of each round, by the name of a row
Turns = Mapping[str, Sequence[float]]  # a value for each round, by the name of a row


def spread(values: Sequence[float], form: str) -> str:
    """The median, and the smallest and largest where there are several."""
    middle = format(statistics.median(values), form)
    if len(values) == 1:
        return middle
    return f"{middle} [{min(values):{form}}, {max(values):{form}}]"


def faster(turns: Turns, name: str, reference: str | None) -> str:
    """How many times the speed of another row a row has, compared round by round."""
    if reference not in turns:
        return "-"
    pairs = zip(turns[name], turns[reference], strict=True)
    return spread([value / other for value, other in pairs], ".2f")


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lines of columns, the first to the left, others to the right."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for line in lines:
        first = line[0].ljust(widths[0])
        rest = (cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))
        yield "  ".join([first, *rest]).rstrip()


def training_table(results: Results) -> Iterator[str]:
    """Target tokens per second of each system."""
    turns = {name: [r["tokens_per_second"] for r in found] for name, found in results.items()}
    headings = ["system", "parameters", "precision", "tokens a step", "target tokens/s"]
    headings += ["/ Hugging Face", "/ Eole", "MB"]
    rows = []
    for name, found in results.items():
        speed = [spread(turns[name], ".0f"), faster(turns, name, HUGGINGFACE), faster(turns, name, EOLE)]
        size = f"{found[0]['parameters'] / 1e6:.2f} M"
        tokens = f"{statistics.mean(r['tokens_per_step'] for r in found):.0f}"
        rows.append([name, size, found[0]["precision"], tokens, *speed, memory(found)])
    return table(headings, rows)


def decoding_table(results: Results, search: str) -> Iterator[str]:
    """Sentences per second in a batch of each system and precision, like "jumok bf16", and the time of one alone."""
    together = {name: [r[search]["sentences_per_second"] for r in found] for name, found in results.items()}
    alone = {name: [1000 / r[search]["alone_ms"] for r in found] for name, found in results.items()}
    headings = ["system", "sentences/s", "/ Hugging Face", "/ CTranslate2 int8"]
    headings += ["one alone, ms", "/ Hugging Face", "/ CTranslate2 int8", "MB"]
    rows = []
    for name, found in results.items():
        row = [name]
        times = [r[search]["alone_ms"] for r in found]
        for speeds, shown in ((together, spread(together[name], ".1f")), (alone, spread(times, ".0f"))):
            row += [shown, faster(speeds, name, same_precision(name)), faster(speeds, name, INT8)]
        rows.append([*row, memory(found)])
    return table(headings, rows)


def same_precision(name: str) -> str:
    """The row of Hugging Face that a row is compared with: all that is not fp32 with bf16."""
    return f"{HUGGINGFACE} {'fp32' if name.endswith('fp32') else 'bf16'}"


def memory(found: Sequence[Mapping[str, Any]]) -> str:
    return str(max(result["peak_megabytes"] for result in found))
