"""Requests to send: inputs that the model was evaluated on, or made-up ones where those are files."""

import base64
import io
import json
import random
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from jumok.runs.layout import RunLayout, run_of
from jumok.serving.process import ModelSource

MOST = 200
NOISE_SIDE = 128  # pixels of a made-up image
MADE_UP_STEPS = 64  # time steps and frames of what is made up


def bodies_of(source: ModelSource, description: Mapping[str, Any]) -> list[str]:
    """Bodies for `/predict`, as JSON.

    Args:
        source: The model.
        description: What the server tells of it.

    Returns:
        The bodies.
    """
    inputs: Sequence[Mapping[str, Any]] = description["inputs"]
    rows: list[dict[str, Any]] = [{one["name"]: made_up(one) for one in inputs}]
    if all(one["array"] is None for one in inputs):
        rows = evaluated_inputs(source) or rows
    return [json.dumps({"inputs": row}) for row in rows]


def evaluated_inputs(source: ModelSource) -> list[dict[str, Any]]:
    """The first inputs of the run's evaluation; none where there was no evaluation."""
    try:
        with RunLayout(run_of(source.path)).predictions.open(encoding="utf-8") as lines:
            return [json.loads(line)["inputs"] for line in islice(lines, MOST)]
    except (OSError, ValueError, KeyError):
        return []


def made_up(field: Mapping[str, Any]) -> Any:
    """A value of an input: a text, an image of noise, or random numbers."""
    draw = random.Random(1)
    if field["array"] is None:
        return "1"
    if not field["is_pixels"]:
        return [[draw.gauss(0, 1) for _ in range(field["array"][-1])] for _ in range(MADE_UP_STEPS)]
    image = {"b64": base64.b64encode(noise(draw)).decode()}
    return image if len(field["array"]) == 3 else [image] * (MADE_UP_STEPS // 8)


def noise(draw: random.Random) -> bytes:
    """A PNG of random colours."""
    from PIL import Image

    file = io.BytesIO()
    Image.frombytes("RGB", (NOISE_SIDE, NOISE_SIDE), draw.randbytes(3 * NOISE_SIDE * NOISE_SIDE)).save(
        file, "PNG"
    )
    return file.getvalue()
