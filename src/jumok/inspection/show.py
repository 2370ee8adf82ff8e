"""The page of the workbench as one file, for what any model looked at: in a notebook, or as HTML to keep."""

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
from typing import Any

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from jumok.attention.record import Recording
from jumok.data.images import load_image
from jumok.drawing.encoding import png
from jumok.errors import DataError
from jumok.files import unwritable, write_file_atomically
from jumok.inspection.recorded import Group, Sides, groups_of
from jumok.inspection.windows import Windows

LIMIT = 16_000_000  # bytes of weights in a page
LARGEST = 1024  # pixels of a picture's longer side
STEPS = 65_535  # of weights in 16 bits


@dataclass(frozen=True, eq=False)
class Shown:
    """A page that shows itself in a notebook, and can be saved."""

    document: dict[str, Any]
    details: dict[str, Any]
    height: int = 760  # pixels, in a notebook

    @cached_property
    def page(self) -> str:
        return page_of(self.document, self.details)

    def _repr_html_(self) -> str:
        source = html.escape(self.page, quote=True)
        style = f"width: 100%; height: {self.height}px; border: 0; border-radius: 8px"
        allowed = "allow-scripts allow-downloads allow-modals"
        return f'<iframe srcdoc="{source}" sandbox="{allowed}" style="{style}"></iframe>'

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
) -> Shown:
    """What a recorded model looked at, as the page of the workbench.

    `tokens` are those of a model that reads one sequence. Where one is read and another written, `keys` are the
    tokens of the input, `queries` those of the output: query t of a decoder writes token t, having read the ones
    before. `image` is the picture that the input was; its cells are found by their number. `answers`
    are texts to show as what the model answered, the best first. Layers are grouped by their names and shapes.
    All weights of one example of the batch are kept, exactly where they fit; what was rounded or pooled to fit says
    so. In shifted windows an example is a window; with the `windows` that `finding_windows(model)` found, all those of
    one picture are a map of its cells.
    """
    maps.all(next(iter(maps), ""))  # refuses an empty recording and says why it may be
    if tokens is not None:
        if queries is not None or keys is not None:
            raise ValueError("tokens are queries and keys alike; give them alone, or queries and keys")
        queries = keys = tokens
    windows = windows or {}
    check_example(maps, example, windows)
    picture = None if image is None else opened(image)
    groups = groups_of(maps, example, windows)
    sides = Sides(
        None if queries is None else list(queries),
        None if keys is None else list(keys),
        None if picture is None else picture.size,
        any(group.use == "cross" for group in groups),
        min(group.layers[0].shape[0] for group in groups),
    )
    document = {
        "version": 1,
        "id": None,
        "model": {"name": title or "jumok", "summary": summary(groups)},
        "inputs": inputs_of(sides, picture),
        "outputs": outputs_of(sides, answers),
        "attentions": [group.document(*sides.axes(group)) for group in groups],
        "nothing": None,
    }
    most = shares(groups)
    packed = {group.id: packed_weights(group, example, most[group.id]) for group in groups}
    return Shown(document, {"/api/check?look=&answer=0": check_of(maps), "packed": packed})


def page_of(document: dict[str, Any], details: dict[str, Any]) -> str:
    """One HTML file with the page, a document, and answers by the address that the page asks.

    `details["packed"]` are whole attentions by their names. Nothing is loaded from anywhere, and no other script runs.
    """
    folder = files("jumok.inspection") / "page"
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


def weights_in(group: Group) -> int:
    T, S = group.sides
    return sum(group.heads) * T * S


def shares(groups: Sequence[Group]) -> dict[str, int]:
    """How many bytes each may take: small ones what they need, and large ones alike of what is left."""
    left, found = LIMIT, {}
    for number, group in enumerate(sorted(groups, key=weights_in)):
        found[group.id] = left // (len(groups) - number)
        left -= min(found[group.id], 4 * weights_in(group))
    return found


def packed_weights(group: Group, example: int, most: int) -> dict[str, Any]:
    """All weights (heads of all layers, T, S) in at most so many bytes: exact, else in 16 bits, else pooled, too."""
    T, S = group.sides
    exact = 4 * weights_in(group) <= most
    pool = (1, 1) if exact else pooling(group, most)
    parts = [
        packed_head(layer.weights(example, head), pool, exact)
        for layer in group.layers
        for head in range(layer.shape[1])
    ]
    data = b64encode(b"".join(parts)).decode()
    kind = "float32" if exact else "uint16"
    sizes = {"answer": 0, "heads": group.heads, "T": T, "S": S}
    return sizes | {"pool": list(pool), "kind": kind, "data": data}


def pooling(group: Group, most: int) -> tuple[int, int]:
    """How many queries and keys share a number, so that all fit in 16 bits each; a short side stays whole."""
    heads, (T, S) = sum(group.heads), group.sides
    for size in range(1, max(T, S) + 1):
        pool = (size if T > 64 else 1), (size if S > 64 else 1)
        if 2 * heads * -(-T // pool[0]) * -(-S // pool[1]) <= most:
            return pool
    return T, S


def packed_head(weights: Tensor, pool: tuple[int, int], exact: bool) -> bytes:
    """Weights (T, S) as bytes, low ones first; of those that share a number, the largest."""
    if pool != (1, 1):
        weights = F.max_pool2d(weights[None], pool, ceil_mode=True)[0]
    if exact:
        return weights.contiguous().numpy().astype("<f4").tobytes()
    return (weights * STEPS).round().to(torch.int32).numpy().astype("<u2").tobytes()


def check_of(maps: Recording) -> dict[str, Any]:
    """The worst comparison of weights · values with what the kernel gave."""
    checks = [call.check() for call in maps.calls if not call.dropout]
    if not checks:
        return {"error": 0.0, "most": 0.0, "holds": True}
    worst = max(checks, key=lambda one: one.error / one.most)
    return {"error": worst.error, "most": worst.most, "holds": worst.holds}


def check_example(maps: Recording, example: int, windows: Mapping[str, Windows]) -> None:
    examples = min(1 if call.name in windows else call.shape[0] for call in maps.calls)
    if not 0 <= example < examples:
        raise DataError(f"there is no example {example}; the recorded batch has {examples}, numbered from 0")


def opened(image: Image.Image | str | Path) -> Image.Image:
    picture = image.convert("RGB") if isinstance(image, Image.Image) else load_image(Path(image))
    picture.thumbnail((LARGEST, LARGEST))
    return picture


def inputs_of(sides: Sides, picture: Image.Image | None) -> list[dict[str, Any]]:
    if picture is not None:
        url = "data:image/png;base64," + b64encode(png(picture)).decode()
        size = {"width": picture.width, "height": picture.height}
        return [{"name": "picture", "kind": "image", **size, "image": url}]
    if sides.keys is None:
        return []
    return [{"name": "input", "kind": "text", "text": plain(sides.keys), "tokens": list(sides.keys)}]


def outputs_of(sides: Sides, answers: str | Sequence[str] | None) -> list[dict[str, Any]]:
    if answers is None and sides.queries is None:
        return []
    texts = [plain(sides.queries or [])] if answers is None else answers
    texts = [texts] if isinstance(texts, str) else list(texts)
    tokens = list(sides.queries or [])
    shown = [{"text": text, "score": None, "tokens": tokens, "log_probabilities": []} for text in texts]
    return [{"name": "output", "kind": "text", "answers": shown}]


def plain(tokens: Sequence[str]) -> str:
    """Tokens as a text to read, without their marks."""
    words = [token for token in tokens if not re.fullmatch(r"<[^<>\s]+>|\[[A-Z]+\]", token)]
    if any(token[:1] in "▁Ġ" for token in words if token):
        return re.sub("[▁Ġ]", " ", "".join(words)).strip()
    return " ".join(words).replace(" ##", "")


def summary(groups: Sequence[Group]) -> str:
    """How many layers and heads there are."""
    layers = sum(len(group.layers) for group in groups)
    return f"{layers} layers of attention, {sum(sum(group.heads) for group in groups)} heads"
