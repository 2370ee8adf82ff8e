"""Made-up looks: documents and weights as a server would give them, to test the page with."""

import base64
import io
import math
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

GERMAN = [
    "▁Ein",
    "▁Mann",
    "▁mit",
    "▁gel",
    "bem",
    "▁Helm",
    "▁repar",
    "iert",
    "▁ein",
    "▁altes",
    "▁Fahr",
    "rad",
    "▁.",
    "</s>",
]
ENGLISH = [
    "▁A",
    "▁man",
    "▁with",
    "▁a",
    "▁yellow",
    "▁hel",
    "met",
    "▁rep",
    "airs",
    "▁an",
    "▁old",
    "▁bicycle",
    "▁.",
    "</s>",
]
OTHER = ["▁A", "▁man", "▁in", "▁a", "▁yellow", "▁helmet", "▁fixes", "▁an", "▁old", "▁bike", "</s>"]
SOURCE_OF = [0, 1, 2, 3, 3, 5, 5, 6, 7, 8, 9, 10, 12, 13]  # of each English token
CLASSES = [("sky", "#8ecae6"), ("field", "#90be6d"), ("house", "#f3722c")]


@dataclass
class MadeLook:
    """A document, weights (L, H, T, S) by attention, and the right answers by output."""

    document: dict
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    right: dict = field(default_factory=dict)


def softmax(scores):
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)).astype(np.float32)


def along(targets, layers, heads, T, S, seed, causal=False):
    """Weights that look near `targets` (T,), some heads sharper than others, and some at the first or last key."""
    noise = np.random.default_rng(seed)
    keys = np.arange(S)
    maps = np.zeros((layers, heads, T, S), np.float32)
    for layer in range(layers):
        for head in range(heads):
            width = 0.5 + 3 * noise.random()
            goal = np.asarray(targets) + noise.integers(-1, 2) * (head % 3 == 1)
            scores = -((keys[None] - goal[:, None]) ** 2) / (2 * width**2) * (0.4 + layer / layers)
            scores = scores + 0.6 * noise.standard_normal((T, S))
            if head % 4 == 3:
                scores[:, -1 if head % 8 == 7 else 0] += 4
            if causal:
                scores = np.where(np.tril(np.ones((T, S), bool)), scores, -np.inf)
            maps[layer, head] = softmax(scores)
    return maps


def packed(maps, answer):
    """Weights (L, H, T, S) as a server packs them."""
    layers, heads, T, S = maps.shape
    data = base64.b64encode(maps.astype("<f4").tobytes()).decode()
    sizes = {"answer": answer, "heads": [heads] * layers, "T": T, "S": S}
    return {**sizes, "pool": [1, 1], "kind": "float32", "data": data}


def tokens(of, name, labels):
    return {"of": of, "name": name, "kind": "tokens", "labels": list(labels)}


def attention(id, use, queries, keys, layers, heads, kind="dot", causal=False):
    rows = [{"name": f"{id}.layers.{layer}", "heads": heads} for layer in range(layers)]
    return {
        "id": id,
        "use": use,
        "kind": kind,
        "layers": rows,
        "queries": queries,
        "keys": keys,
        "causal": causal,
    }


def answer(pieces, score):
    text = "".join(pieces[:-1]).replace("▁", " ").strip()
    return {
        "text": text,
        "score": score,
        "tokens": list(pieces),
        "log_probabilities": [-0.02 * (i % 7) - 0.01 for i in range(len(pieces))],
    }


def document(id, inputs, outputs, attentions, name="multi30k-de-en", nothing=None):
    model = {"name": name, "summary": "transformer → transformer, 5.1 M parameters"}
    return {
        "version": 1,
        "id": id,
        "model": model,
        "inputs": inputs,
        "outputs": outputs,
        "attentions": attentions,
        "nothing": nothing,
    }


def translation(
    id="translation",
    text="Ein Mann mit gelbem Helm repariert ein altes Fahrrad.",
    seed=1,
    name="multi30k-de-en",
    layers=6,
    heads=8,
):
    S, T = len(GERMAN), len(ENGLISH)
    german, english = tokens("input", "german", GERMAN), tokens("output", "english", ENGLISH)
    read = tokens("output", "english", ["<s>", *ENGLISH[:-1]])
    attentions = [
        attention("german.encoder", "encoder", german, german, layers, heads),
        attention("english.decoder", "decoder", english, read, layers, heads, causal=True),
        attention("english.cross", "cross", english, german, layers, heads),
    ]
    weights = {
        "german.encoder": along(range(S), layers, heads, S, S, seed),
        "english.decoder": along(range(T), layers, heads, T, T, seed + 1, causal=True),
        "english.cross": along(SOURCE_OF, layers, heads, T, S, seed + 2),
    }
    answers = [answer(ENGLISH, -0.412), answer(OTHER, -0.738), answer([*ENGLISH[:-2], "</s>"], -0.911)]
    inputs = [{"name": "german", "kind": "text", "text": text, "tokens": GERMAN, "pieces": None}]
    outputs = [{"name": "english", "kind": "text", "answers": answers}]
    return MadeLook(document(id, inputs, outputs, attentions, name), weights)


def long_text(id="long", count=300):
    words = [
        "river",
        "runs",
        "past",
        "old",
        "mill",
        "under",
        "bridge",
        "children",
        "throw",
        "stones",
        "slow",
        "water",
    ]
    labels = [f"▁{words[(7 * i + i // 11) % len(words)]}" for i in range(count - 1)] + ["</s>"]
    summary = ["▁children", "▁play", "▁by", "▁the", "▁river", "</s>"]
    source, target = tokens("input", "article", labels), tokens("output", "summary", summary)
    attentions = [
        attention("summary.cross", "cross", target, source, 2, 4),
        attention("article.encoder", "encoder", source, source, 2, 4),
    ]
    weights = {
        "summary.cross": along([40, 70, 120, 190, 240, 299], 2, 4, 6, count, 5),
        "article.encoder": along(range(count), 2, 4, count, count, 6),
    }
    text = "".join(labels[:-1]).replace("▁", " ").strip()
    inputs = [{"name": "article", "kind": "text", "text": text, "tokens": labels, "pieces": None}]
    outputs = [{"name": "summary", "kind": "text", "answers": [answer(summary, -0.9)]}]
    return MadeLook(document(id, inputs, outputs, attentions, "summaries"), weights)


def blob(rows, columns, y, x, size):
    r, c = np.mgrid[0:rows, 0:columns]
    return -((r - y) ** 2 + (c - x) ** 2) / (2 * size**2)


def landscape(width=384, height=288):
    """A field, a sky, a house and some round cells to find."""
    image = Image.new("RGB", (width, height), "#b9dcea")
    draw = ImageDraw.Draw(image)
    for y in range(height):
        shade = y / height
        draw.line(
            [(0, y), (width, y)], fill=(int(150 + 60 * shade), int(190 + 30 * shade), int(225 - 30 * shade))
        )
    draw.polygon([(0, 190), (130, 165), (260, 185), (384, 160), (384, 288), (0, 288)], fill="#6a994e")
    draw.polygon([(0, 230), (200, 205), (384, 240), (384, 288), (0, 288)], fill="#588544")
    draw.rectangle([215, 115, 305, 195], fill="#e9d8a6")
    draw.polygon([(205, 118), (260, 70), (315, 118)], fill="#9b2226")
    draw.rectangle([250, 155, 272, 195], fill="#6f4518")
    draw.ellipse([48, 30, 98, 80], fill="#ffd166")
    draw.ellipse([60, 175, 120, 225], fill="#2d6a4f")
    draw.rectangle([85, 215, 95, 245], fill="#5b3a1d")
    return image


def data_url(image):
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def photo(image):
    return {
        "name": "photo",
        "kind": "image",
        "width": image.width,
        "height": image.height,
        "image": data_url(image),
    }


def cells(rows, columns, image, extra=()):
    return {
        "of": "input",
        "name": "photo",
        "kind": "cells",
        "rows": rows,
        "columns": columns,
        "cell": [image.height / rows, image.width / columns],
        "extra": list(extra),
    }


def self_cells(rows, columns, layers, heads, seed, extra=0):
    noise = np.random.default_rng(seed)
    N = rows * columns + extra
    maps = np.zeros((layers, heads, N, N), np.float32)
    for layer in range(layers):
        for head in range(heads):
            size = 0.7 + 2.5 * noise.random()
            for t in range(N):
                i = max(0, t - extra)
                scores = np.full(N, -3.0)
                scores[extra:] = blob(rows, columns, i // columns, i % columns, size).ravel()
                maps[layer, head, t] = softmax(scores + 0.5 * noise.standard_normal(N))
    return maps


def boxes(id="boxes"):
    image = landscape()
    rows, columns, layers, heads, count = 9, 12, 3, 8, 20
    objects = [
        {"name": "house", "score": 0.97, "box": [203, 68, 317, 197], "query": 4},
        {"name": "sun", "score": 0.93, "box": [46, 28, 100, 82], "query": 11},
        {"name": "tree", "score": 0.88, "box": [58, 173, 122, 247], "query": 17},
    ]
    noise = np.random.default_rng(3)
    maps = np.zeros((layers, heads, count, rows * columns), np.float32)
    for query in range(count):
        place = next((one["box"] for one in objects if one["query"] == query), [0, 0, 384, 288])
        y, x = (place[1] + place[3]) / 64, (place[0] + place[2]) / 64
        for layer in range(layers):
            for head in range(heads):
                scores = blob(rows, columns, y - 0.5, x - 0.5, 0.8 + 2 * noise.random()).ravel()
                maps[layer, head, query] = softmax(scores + 0.3 * noise.standard_normal(rows * columns))
    queries = {"of": "output", "name": "things", "kind": "queries", "count": count}
    grid = cells(rows, columns, image)
    attentions = [
        attention("things.cross", "cross", queries, grid, layers, heads),
        attention("photo.encoder", "encoder", grid, grid, 2, 4),
    ]
    weights = {"things.cross": maps, "photo.encoder": self_cells(rows, columns, 2, 4, 8)}
    return MadeLook(
        document(
            id,
            [photo(image)],
            [{"name": "things", "kind": "boxes", "objects": objects}],
            attentions,
            "things-query",
        ),
        weights,
    )


def mask(id="mask"):
    image = landscape()
    drawn = Image.new("RGB", image.size, CLASSES[0][1])
    draw = ImageDraw.Draw(drawn)
    draw.polygon([(0, 190), (130, 165), (260, 185), (384, 160), (384, 288), (0, 288)], fill=CLASSES[1][1])
    draw.rectangle([212, 75, 308, 197], fill=CLASSES[2][1])
    rows, columns = 9, 12
    grid = cells(rows, columns, image, ["[CLS]"])
    output = {
        "name": "scene",
        "kind": "mask",
        "classes": [{"name": name, "colour": colour} for name, colour in CLASSES],
        "mask": data_url(drawn.resize((96, 72), 0)),
        "grid": [72, 96],
    }
    weights = {"photo.encoder": self_cells(rows, columns, 3, 4, 4, extra=1)}
    return MadeLook(
        document(
            id,
            [photo(image)],
            [output],
            [attention("photo.encoder", "encoder", grid, grid, 3, 4)],
            "scenes-vit",
        ),
        weights,
    )


def caption(id="caption"):
    image = landscape()
    words = ["a", "red", "house", "under", "a", "bright", "sun", "</s>"]
    places = [(4, 6), (3, 8), (4, 8), (2, 6), (1, 3), (1, 2), (1, 2), (8, 6)]
    rows, columns, layers, heads = 9, 12, 2, 4
    noise = np.random.default_rng(2)
    maps = np.zeros((layers, heads, len(words), rows * columns), np.float32)
    for layer in range(layers):
        for head in range(heads):
            for t, (y, x) in enumerate(places):
                maps[layer, head, t] = softmax(
                    blob(rows, columns, y, x, 1 + 2 * noise.random()).ravel()
                    + 0.3 * noise.standard_normal(rows * columns)
                )
    output = {
        "name": "caption",
        "kind": "text",
        "answers": [
            {
                "text": " ".join(words[:-1]),
                "score": -0.61,
                "tokens": words,
                "log_probabilities": [-0.1] * len(words),
            }
        ],
    }
    attentions = [
        attention(
            "caption.cross",
            "cross",
            tokens("output", "caption", words),
            cells(rows, columns, image),
            layers,
            heads,
        )
    ]
    return MadeLook(document(id, [photo(image)], [output], attentions, "captions"), {"caption.cross": maps})


def bottleneck(id="bottleneck"):
    nothing = {
        "reason": "bottleneck",
        "text": {
            "en": "This model squeezes the whole input into one vector of 256 numbers, and writes the answer "
            "from it alone. It never looks back at single tokens.",
            "ko": "이 모델은 입력 전체를 숫자 256개짜리 벡터 하나로 줄이고, 그 벡터만 보고 답을 씁니다. "
            "토큰 하나하나를 다시 보지 않습니다.",
        },
    }
    inputs = [
        {"name": "word", "kind": "text", "text": "attention", "tokens": list("attention"), "pieces": None}
    ]
    outputs = [
        {
            "name": "sounds",
            "kind": "text",
            "answers": [
                {
                    "text": "AH T EH N SH AH N",
                    "score": -0.3,
                    "tokens": ["AH", "T"],
                    "log_probabilities": [0, 0],
                }
            ],
        }
    ]
    return MadeLook(document(id, inputs, outputs, [], "pronounce-bottleneck", nothing))


def statistics(maps):
    """Entropy, distance and sink of every head, as plain definitions say."""
    L, H, T, S = maps.shape
    share = 1 if T == S else (S - 1) / max(1, T - 1)
    far = np.abs(np.arange(T)[:, None] * share - np.arange(S)[None])
    found = []
    for layer in range(L):
        for head in range(H):
            w = maps[layer, head].astype(float)
            entropy = -(w * np.log(np.maximum(w, 1e-30))).sum(-1).mean()
            found.append(
                {
                    "layer": layer,
                    "head": head,
                    "entropy": entropy,
                    "distance": (w * far).sum(-1).mean(),
                    "sink": w.mean(0).max(),
                }
            )
    return found


def pooled(weights, most=160):
    T, S = weights.shape
    down, across = math.ceil(T / most), math.ceil(S / most)
    rows, columns = math.ceil(T / down), math.ceil(S / across)
    padded = np.zeros((rows * down, columns * across), np.float32)
    padded[:T, :S] = weights
    small = padded.reshape(rows, down, columns, across).max((1, 3))
    return {"rows": rows, "columns": columns, "weights": small.ravel().tolist(), "pooled": down * across > 1}


def verdict(query, k=3):
    noise = np.random.default_rng(query)
    changes = np.sort(noise.normal(-0.08, 0.06, 20)).tolist()
    return {
        "question": "hide the top 3",
        "k": k,
        "output": f"token {query}",
        "top": {"change": -2.314, "keys": [1, 2, 5]},
        "random": {
            "changes": changes,
            "mean": float(np.mean(changes)),
            "low": changes[0],
            "high": changes[-1],
        },
        "head_off": {"change": -0.41},
        "gradient": {"rank_correlation": 0.81, "keys": []},
        "matters": "yes",
        "text": {
            "en": "Hiding the 3 most attended tokens lowers the log-probability of the answer by 2.31; "
            "hiding 3 random ones by 0.08.",
            "ko": "가장 많이 본 토큰 3개를 가리면 답의 로그 확률이 2.31 낮아지고, "
            "무작위 3개를 가리면 0.08 낮아집니다.",
        },
    }


def steps():
    """A beam search of three beams, each step adding a token."""
    found = []
    for n in range(1, len(ENGLISH) + 1):
        beams = [
            {"tokens": ENGLISH[:n], "score": -0.03 * n, "parent": 0, "chosen": True},
            {"tokens": [*ENGLISH[: n - 1], "▁the"], "score": -0.03 * n - 0.9, "parent": 0, "chosen": False},
            {"tokens": OTHER[:n], "score": -0.05 * n - 1.1, "parent": min(2, n - 1), "chosen": False},
        ]
        found.append({"beams": beams})
    return {"steps": found}
