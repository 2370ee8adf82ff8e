"""Made-up looks of signals, frames, labels, values and forecasts, to test the page with."""

import numpy as np
from made_looks import MadeLook, along, attention, data_url, document, photo, self_cells, softmax, tokens
from PIL import Image, ImageDraw

CHANNELS = ["acc_x", "acc_y", "acc_z", "gyro_x", "gyro_y", "gyro_z"]
ACTIVITIES = {
    "WALKING": 0.71,
    "WALKING_UPSTAIRS": 0.19,
    "WALKING_DOWNSTAIRS": 0.06,
    "STANDING": 0.025,
    "SITTING": 0.012,
    "LAYING": 0.003,
}
LOADS = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]


def waves(channels, length, seed=0):
    """Values (T, C) of something that swings, walks and is noisy."""
    noise = np.random.default_rng(seed)
    t = np.arange(length)[:, None]
    speed = 2 * np.pi / noise.uniform(9, 40, channels)
    swing = noise.uniform(0.3, 1.4, channels) * np.sin(speed * t + noise.uniform(0, 6, channels))
    return swing + 0.15 * noise.standard_normal((length, channels)) + noise.uniform(-1, 1, channels)


def columns(values, gaps=()):
    """Values (T, C) as the page has them: by channel, null where missing."""
    made = [[round(float(value), 4) for value in column] for column in values.T]
    for channel, first, end in gaps:
        made[channel][first:end] = [None] * (end - first)
    return made


def series(name="motion", channels=tuple(CHANNELS), length=128, seed=0, rate=50.0, gaps=(), **more):
    values = waves(len(channels), length, seed)
    return {
        "name": name,
        "kind": "series",
        "channels": list(channels),
        "length": length,
        "rate": rate,
        "times": None,
        "unit": "",
        "values": columns(values, gaps),
        "steps": list(range(length)),
        **more,
    }


def intervals(name, count, length, channels=None, unit="step", stride=None):
    """Stretches of equal length, of all channels together or of each."""
    stride = stride or length
    spans = [[i * stride, i * stride + length] for i in range(count)]
    return {
        "of": "input",
        "name": name,
        "kind": "intervals",
        "intervals": spans * (len(channels) if channels else 1),
        "channels": list(channels) if channels else None,
        "unit": unit,
    }


def pooled(heads, S, seed, layers=1, T=1):
    """Weights of learned queries: each head looks at another place."""
    noise = np.random.default_rng(seed)
    places = noise.uniform(0, S, (layers, heads, T, 1))
    scores = -((np.arange(S) - places) ** 2) / (2 * (1 + 0.08 * S) ** 2)
    return softmax(scores + 0.4 * noise.standard_normal((layers, heads, T, S)))


def label_output(name="activity", probabilities=ACTIVITIES, **more):
    best = max(probabilities, key=probabilities.get)
    answer = {"text": best, "score": float(np.log(probabilities[best])), "probabilities": probabilities}
    return {"name": name, "kind": "label", "answers": [{**answer, **more}]}


def activity(id="activity"):
    """A signal with a gap, and a text that is absent, to a label."""
    stretches = intervals("motion", 16, 8)
    motion = series(gaps=[(2, 40, 70), (4, 100, 101)])
    note = {"name": "note", "kind": "text", "absent": True}
    attentions = [
        attention("activity.cross", "cross", tokens("output", "activity", ["WALKING"]), stretches, 1, 4),
        attention("motion.encoder", "encoder", stretches, stretches, 2, 4),
    ]
    weights = {
        "activity.cross": pooled(4, 16, 1),
        "motion.encoder": along(range(16), 2, 4, 16, 16, 3),
    }
    return MadeLook(document(id, [motion, note], [label_output()], attentions, "har-transformer"), weights)


def channels(id="channels"):
    """Each channel for itself, in patches that overlap, to two values; no rate is known."""
    names = ["pressure", "temperature", "flow"]
    stretches = intervals("sensors", 11, 16, names, stride=8)
    values = [
        {"name": "life", "value": 41.2, "low": 33.8, "high": 49.1, "level": 0.9},
        {"name": "load", "value": 0.0712, "low": 0.064, "high": 0.078, "level": 0.9},
    ]
    output = {
        "name": "wear",
        "kind": "values",
        "answers": [{"text": "life 41.2, load 0.0712", "score": None, "values": values}],
    }
    names_of_values = ["life 41.2", "load 0.0712"]
    attentions = [
        attention("wear.cross", "cross", tokens("output", "wear", names_of_values), stretches, 1, 4),
        attention("sensors.encoder", "encoder", stretches, stretches, 2, 4),
    ]
    weights = {
        "wear.cross": pooled(4, 33, 5, T=2),
        "sensors.encoder": along(range(33), 2, 4, 33, 33, 6),
    }
    signal = series("sensors", names, 96, 4, rate=None)
    right = [{"name": "life", "value": 44.0}, {"name": "load", "value": 0.081}]
    look = MadeLook(document(id, [signal], [output], attentions, "wear-patches"), weights)
    look.right = {"wear": {"text": "life 44, load 0.081", "values": right}}
    return look


def forecast(id="forecast"):
    """Seven channels of the past to their next steps, with an interval."""
    past, ahead = 96, 24
    whole = waves(len(LOADS), past + ahead, 8)
    noise = np.random.default_rng(9)
    said = whole[past:] + 0.25 * noise.standard_normal((ahead, len(LOADS))).cumsum(0) * 0.4
    wide = 0.25 + 0.03 * np.arange(ahead)[:, None]
    stretches = intervals("loads", 12, 8)
    signal = {**series("loads", LOADS, past, rate=None), "values": columns(whole[:past])}
    answer = {
        "text": "0.41 … 0.12",
        "score": None,
        "channels": LOADS,
        "steps": list(range(1, ahead + 1)),
        "values": columns(said),
        "quantiles": {"0.1": columns(said - wide), "0.5": columns(said), "0.9": columns(said + wide)},
    }
    steps = tokens("output", "next", ["+1", "+9", "+17"])
    attentions = [
        attention("next.cross", "cross", steps, stretches, 2, 4),
        attention("loads.encoder", "encoder", stretches, stretches, 2, 4),
    ]
    weights = {
        "next.cross": pooled(4, 12, 10, layers=2, T=3),
        "loads.encoder": along(range(12), 2, 4, 12, 12, 11),
    }
    outputs = [{"name": "next", "kind": "forecast", "answers": [answer]}]
    look = MadeLook(document(id, [signal], outputs, attentions, "ett-patches"), weights)
    look.right = {"next": {"text": "…", "channels": LOADS, "values": columns(whole[past:])}}
    return look


def frame(f, count, size=(96, 72)):
    image = Image.new("RGB", size, "#cfe3dc")
    x, y = 10 + f * (size[0] - 30) / max(1, count - 1), 50 - 36 * np.sin(np.pi * f / count)
    ImageDraw.Draw(image).ellipse([x, y, x + 14, y + 14], fill="#b5400f")
    return image


def frames(id="frames", count=14):
    """Frames of a ball that is thrown, to a label."""
    clip = {
        "name": "clip",
        "kind": "frames",
        "width": 96,
        "height": 72,
        "images": [data_url(frame(f, count)) for f in range(count)],
        "seconds": [round(0.12 * f, 2) for f in range(count)],
    }
    axis = intervals("clip", count, 1, unit="frame")
    attentions = [
        attention("move.cross", "cross", tokens("output", "move", ["throw"]), axis, 1, 4),
        attention("clip.encoder", "encoder", axis, axis, 2, 4),
    ]
    weights = {
        "move.cross": pooled(4, count, 12),
        "clip.encoder": along(range(count), 2, 4, count, count, 13),
    }
    output = label_output("move", {"throw": 0.62, "roll": 0.3, "drop": 0.08})
    return MadeLook(document(id, [clip], [output], attentions, "gestures-frames"), weights)


def several(id="several"):
    """A signal, a text and an image to one label: three memories, one attention."""
    words = ["▁slippery", "▁road", "▁at", "▁night"]
    image = frame(3, 9, (120, 90))
    cells = {
        "of": "input",
        "name": "photo",
        "kind": "cells",
        "rows": 3,
        "columns": 4,
        "cell": [30, 30],
        "extra": [],
    }
    axes = {"motion": intervals("motion", 16, 8), "note": tokens("input", "note", words), "photo": cells}
    counts = {"motion": 16, "note": 4, "photo": 12}
    whole = pooled(4, 32, 14)
    answer = tokens("output", "risk", ["high"])
    attentions, weights, first = [], {}, 0
    for name, count in counts.items():
        attentions.append(attention(f"risk.cross.{name}", "cross", answer, axes[name], 1, 4))
        weights[f"risk.cross.{name}"] = whole[..., first : first + count]
        first += count
    attentions.append(attention("photo.encoder", "encoder", cells, cells, 1, 4))
    weights["photo.encoder"] = self_cells(3, 4, 1, 4, 15)
    inputs = [
        series(seed=16),
        {"name": "note", "kind": "text", "text": "slippery road at night", "tokens": words},
        photo(image),
    ]
    output = label_output("risk", {"high": 0.8, "low": 0.2})
    return MadeLook(document(id, inputs, [output], attentions, "risk"), weights)


def tally(id="tally"):
    """An input and an output of kinds that the page does not know."""
    counts = [
        {"name": "counts", "kind": "tally", "text": "3 1 4"},
        {"name": "odd", "kind": "other", "all": [2, 7]},
    ]
    answers = [{"name": "total", "kind": "tally", "answers": [{"text": "8", "count": 8.0}]}]
    axis = {"of": "input", "name": "counts", "kind": "beads", "count": 3}
    attentions = [attention("total.cross", "cross", tokens("output", "total", ["8"]), axis, 1, 2)]
    return MadeLook(document(id, counts, answers, attentions, "tally"), {"total.cross": pooled(2, 3, 17)})


def plain(id="plain"):
    """A signal that is read without attention."""
    nothing = {"reason": "sum", "text": {"en": "A sum has no attention.", "ko": "합에는 어텐션이 없습니다."}}
    output = label_output()
    return MadeLook(document(id, [series()], [output], [], "har-gru", nothing), {})


LOOKS = {made.__name__: made for made in (activity, channels, forecast, frames, several, tally, plain)}
