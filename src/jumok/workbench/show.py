"""The page of the workbench as one file, for the attention of any model: in a notebook, or as HTML."""

import html
import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from secrets import token_hex
from typing import Any

from PIL import Image

from jumok.attention.record import Recording
from jumok.data.images.reading import load_image
from jumok.drawing.encoding import png
from jumok.errors import DataError
from jumok.files import unwritable, write_file_atomically
from jumok.inspection.beams import BeamIndices, rows_of
from jumok.inspection.groups import START, AnyGroup, Sides, groups_of
from jumok.inspection.windows import Windows
from jumok.wording import quantity
from jumok.workbench.packing import packed_groups

MAX_IMAGE_SIDE = 1024  # pixels of a image's longer side
FITTING = """addEventListener("message", (event) => {
  const frame = document.getElementById("NAME");
  if (!frame || event.source !== frame.contentWindow || !Number.isFinite(event.data?.jumokHeight)) return;
  frame.style.height = `${Math.min(4000, Math.ceil(event.data.jumokHeight))}px`;
});"""  # a frame in a notebook is as high as its page


@dataclass(frozen=True, eq=False)
class AttentionPage:
    """A page that shows itself in a notebook, and can be saved."""

    document: dict[str, Any]
    details: dict[str, Any]
    height: int = 760  # pixels, in a notebook

    @cached_property
    def page(self) -> str:
        """The page as one HTML file."""
        return build_page(self.document, self.details)

    def __repr__(self) -> str:
        """Short: a notebook keeps it beside the page itself."""
        return f"<jumok page {self.document['model']['name']!r}: {self.document['model']['summary']}>"

    def _repr_html_(self) -> str:
        """The page in a sandboxed frame, which may only send its height to the notebook."""
        source, name = html.escape(self.page, quote=True), f"jumok-{token_hex(6)}"
        style = f"width: 100%; height: {self.height}px; border: 0; border-radius: 8px"
        allowed = "allow-scripts allow-downloads allow-modals"
        frame = f'<iframe id="{name}" srcdoc="{source}" sandbox="{allowed}" style="{style}"></iframe>'
        return f"{frame}<script>{FITTING.replace('NAME', name)}</script>"

    def save(self, path: str | Path) -> Path:
        """Write the page as one HTML file that needs nothing else."""
        path = Path(path)
        try:
            write_file_atomically(path, self.page.encode())
        except OSError as error:
            raise unwritable(path, error) from error
        return path


def show(
    maps: Recording,
    example: int = 0,
    tokens: Sequence[str] | None = None,
    queries: Sequence[str] | None = None,
    keys: Sequence[str] | None = None,
    image: Image.Image | str | Path | None = None,
    answers: str | Sequence[str] | None = None,
    title: str | None = None,
    windows: Mapping[str, Windows] | None = None,
    beam_indices: BeamIndices | None = None,
    start: str = START,
) -> AttentionPage:
    """The attention of a recorded model, as the page of the workbench.

    `tokens` are those of a model that reads one sequence. Where one is read and another written, `keys` are the
    tokens of the input, `queries` those of the output: query t of a decoder writes token t, having read `start` and the
    ones before. There is a token for each position, special ones included. `image` is the image that the input
    was; its cells are found by their number. `answers` are texts to show as what the model answered, the best first.
    Layers are grouped by their names and shapes.
    All weights of one example of the batch are kept, exactly where they fit; what was rounded or pooled to fit says
    so. In shifted windows an example is a window; with the `windows` that `finding_windows(model)` found, all those of
    one image are a map of its cells. Steps of a beam search need the `beam_indices` of `generate`; `example` is
    then the number of a returned sequence.

    Args:
        maps: The recording.
        example: The example of the batch.
        tokens: The tokens of a model that reads one sequence.
        queries: The tokens of the output.
        keys: The tokens of the input.
        image: The image that the model read.
        answers: Texts to show as answers, the best first.
        title: The title of the page.
        windows: The windows of layers that attend within windows, by name.
        beam_indices: Those of `generate`, for a beam search.
        start: The token that a decoder reads first.

    Returns:
        The page.
    """
    maps.all(next(iter(maps), ""))  # refuses an empty recording and says why it may be
    if tokens is not None:
        if queries is not None or keys is not None:
            raise ValueError("tokens are queries and keys alike; give them alone, or queries and keys")
        queries = keys = tokens
    groups = groups_shown(maps, example, windows or {}, beam_indices)
    thumbnail = None if image is None else load_thumbnail(image)
    if tokens is None and writes_tokens(groups) and queries is not None:
        start, queries = started(groups, start, queries)
    check_tokens(groups, "tokens" if tokens is not None else "keys", keys)
    check_tokens(groups, "queries", queries if tokens is None else None)
    sides = sides_of(groups, queries, keys, thumbnail, start)
    named = [sides.named(group) for group in groups]
    answered = outputs_of(None if tokens is not None else sides.queries, answers)
    document = page_document(title or "jumok", named, inputs_of(sides, thumbnail), answered)
    details = {"/api/check?look=&answer=0": check_of(maps), "packed": packed_groups(named)}
    return AttentionPage(document, details)


def writes_tokens(groups: Sequence[AnyGroup]) -> bool:
    """Whether one sequence is read and another written."""
    return any(group.use == "cross" for group in groups)


def sides_of(
    groups: Sequence[AnyGroup],
    queries: Sequence[str] | None,
    keys: Sequence[str] | None,
    image: Image.Image | None,
    start: str,
) -> Sides:
    """What stands along the sides of attention.

    Args:
        groups: The groups.
        queries: The tokens of the output, if they are known.
        keys: The tokens of the input, if they are known.
        image: The image that the model read.
        start: The token that a decoder reads first.

    Returns:
        The sides.
    """
    return Sides(
        None if queries is None else list(queries),
        None if keys is None else list(keys),
        None if image is None else image.size,
        writes_tokens(groups),
        min(group.layers()[0].shape[0] for group in groups),
        start,
    )


def page_document(
    name: str, groups: Sequence[AnyGroup], inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]
) -> dict[str, Any]:
    """What the page draws without asking for weights.

    Args:
        name: The title of the page.
        groups: The groups, their sides named.
        inputs: The inputs as JSON.
        outputs: The outputs as JSON.

    Returns:
        The document.
    """
    return {
        "version": 1,
        "id": None,
        "model": {"name": name, "summary": summarize_attention(groups)},
        "inputs": inputs,
        "outputs": outputs,
        "attentions": [group.to_json() for group in groups],
        "nothing": None,
        "test": "python",
    }


def groups_shown(
    maps: Recording, example: int, windows: Mapping[str, Windows], beam_indices: BeamIndices | None
) -> list[AnyGroup]:
    """The groups of one example, or of one sequence of a beam search.

    Args:
        maps: The recording.
        example: The example of the batch.
        windows: The windows of layers that attend within windows, by name.
        beam_indices: Those of `generate`, for a beam search.

    Returns:
        The groups.

    Raises:
        DataError: There is no such example.
    """
    rows = None if beam_indices is None else rows_of(beam_indices, example)
    if rows is None:
        check_example(maps, example, windows)
    return groups_of(maps, example, windows, rows)


def build_page(document: dict[str, Any], details: dict[str, Any]) -> str:
    """One HTML file with the page, a document, and answers by the address that the page asks.

    `details["packed"]` are whole attentions by their names. Nothing is loaded from anywhere, and no other script runs.
    """
    folder = files("jumok.workbench") / "page"
    index = (folder / "index.html").read_text(encoding="utf-8")
    scripts = [
        (folder / name).read_text(encoding="utf-8") for name in re.findall(r'<script src="(.+?)"', index)
    ]
    style = (folder / "style.css").read_text(encoding="utf-8")
    answers = {address: answer for address, answer in details.items() if address != "packed"}
    look = {"document": document, "details": answers, "packed": details.get("packed", {})}
    title = document["model"]["name"]
    data = json.dumps({"title": title, "looks": [look]}, ensure_ascii=False).replace("<", "\\u003c")
    policy = (
        f"default-src 'none'; script-src {' '.join(map(hashed, scripts))}; "
        "style-src 'unsafe-inline'; img-src data: blob:"
    )
    return (
        '<!doctype html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8">'
        '<meta name="generator" content="jumok">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{style}</style></head><body>"
        '<div id="app"></div><div id="live" class="unseen" role="status" aria-live="polite"></div>'
        f'<script type="application/json" id="jumok-data">{data}</script>'
        + "\n".join(f"<script>{script}</script>" for script in scripts)
        + "</body></html>\n"
    )


def hashed(script: str) -> str:
    """What a policy calls a script by."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


def check_of(maps: Recording) -> dict[str, Any]:
    """The worst comparison of weights · values with what the kernel gave."""
    checks = [call.check() for call in maps.calls if not call.dropout]
    unchecked = len(maps.calls) - len(checks)
    if not checks:  # with dropout, the kernel's output is of other weights
        return {"error": None, "most": None, "holds": None, "unchecked": unchecked}
    worst = max(checks, key=lambda one: one.error / one.tolerance)
    return {"error": worst.error, "most": worst.tolerance, "holds": worst.ok, "unchecked": unchecked}


def started(groups: Sequence[AnyGroup], start: str, queries: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Separate the start token from the written ones; a sequence of `generate` has it first.

    Args:
        groups: The groups.
        start: The start token.
        queries: The tokens.

    Returns:
        The start token, and the others.
    """
    longer = any(
        group.use == "decoder" and group.causal and group.sides[0] + 1 == len(queries) for group in groups
    )
    return (
        (queries[0], queries[1:])
        if longer and len(queries) not in counts_of(groups, "queries")
        else (start, queries)
    )


def check_tokens(groups: Sequence[AnyGroup], name: str, tokens: Sequence[str] | None) -> None:
    """Check the number of tokens.

    Args:
        groups: The groups.
        name: Which tokens, for the message.
        tokens: The tokens.

    Raises:
        DataError: No side has as many positions.
    """
    counts = counts_of(groups, name)
    if tokens is None or len(tokens) in counts:
        return
    raise DataError(
        f"{name} has {quantity(len(tokens), 'token')}, where the model had {' or '.join(map(str, counts))} positions; "
        "give one token for each, special ones included ([CLS], </s>, padding), as "
        "tokenizer.convert_ids_to_tokens(ids) does"
        + ("; the last token that a model wrote was not read by it" if len(tokens) - 1 in counts else "")
    )


def counts_of(groups: Sequence[AnyGroup], name: str) -> list[int]:
    """The numbers of positions that tokens of this name may have."""
    side = 0 if name == "queries" else 1
    own = "decoder" if name == "queries" else "encoder"
    fitting = groups if name == "tokens" else [group for group in groups if group.use in ("cross", own)]
    return sorted({group.sides[side] for group in fitting or groups})


def check_example(maps: Recording, example: int, windows: Mapping[str, Windows]) -> None:
    """Refuse an example that was not recorded.

    Args:
        maps: The recording.
        example: The number of the example.
        windows: The windows of layers that attend within windows, by name.

    Raises:
        DataError: There is no such example.
    """
    examples = min(1 if call.name in windows else call.shape[0] for call in maps.calls)
    if not 0 <= example < examples:
        raise DataError(f"there is no example {example}; the recorded batch has {examples}, numbered from 0")


def load_thumbnail(image: Image.Image | str | Path) -> Image.Image:
    """An image in RGB, shrunk to at most MAX_IMAGE_SIDE pixels."""
    thumbnail = image.convert("RGB") if isinstance(image, Image.Image) else load_image(Path(image))
    thumbnail.thumbnail((MAX_IMAGE_SIDE, MAX_IMAGE_SIDE))
    return thumbnail


def inputs_of(sides: Sides, image: Image.Image | None) -> list[dict[str, Any]]:
    """The image or the tokens of the input as JSON; empty if neither is known."""
    if image is not None:
        url = "data:image/png;base64," + b64encode(png(image)).decode()
        size = {"width": image.width, "height": image.height}
        return [{"name": "image", "kind": "image", **size, "image": url}]
    if sides.keys is None:
        return []
    return [{"name": "input", "kind": "text", "text": join_tokens(sides.keys), "tokens": list(sides.keys)}]


def outputs_of(queries: Sequence[str] | None, answers: str | Sequence[str] | None) -> list[dict[str, Any]]:
    """What was answered: texts that are given, or the tokens that were written; nothing if none was written."""
    if answers is None and queries is None:
        return []
    texts = [join_tokens(queries or [])] if answers is None else answers
    texts = [texts] if isinstance(texts, str) else list(texts)
    tokens = list(queries or [])
    shown = [{"text": text, "score": None, "tokens": tokens, "log_probabilities": []} for text in texts]
    return [{"name": "output", "kind": "text", "answers": shown}]


def join_tokens(tokens: Sequence[str]) -> str:
    """Tokens as a text to read, without their marks."""
    words = [token for token in tokens if not re.fullmatch(r"<[^<>\s]+>|\[[A-Z]+\]", token)]
    if any(token[:1] in "▁Ġ" for token in words if token):
        return re.sub("[▁Ġ]", " ", "".join(words)).strip()
    return " ".join(words).replace(" ##", "")


def summarize_attention(groups: Sequence[AnyGroup]) -> str:
    """How many layers and heads there are."""
    layers = sum(len(group.layers()) for group in groups)
    return f"{quantity(layers, 'layer')} of attention, {quantity(sum(sum(group.heads) for group in groups), 'head')}"
