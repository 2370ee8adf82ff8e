"""Made-up things to label: drawn shapes with known answers, sentences, and a signal, kept in memory like files."""

import base64
import hashlib
import io
import json
import math
import random
import threading
import time
from functools import cached_property, lru_cache

from PIL import Image, ImageDraw

from jumok.labelling.trainings.label_trainings import running_sentence

SIZE = (320, 240)
SHAPES = ("circle", "square", "triangle")
COLORS = ("#d1495b", "#00798c", "#edae49", "#66a182", "#7a5195")
ACTIVITIES = ("standing", "walking", "running")
SENTENCES = (
    "Zwei Hunde spielen im Schnee.",
    "Ein Mann repariert ein Fahrrad.",
    "قطة تنام على الكرسي",
    "고양이가 잔다.",
)
ROWS, RATE = 3000, 50.0
EMPTY = {
    "objects": {"objects": []},
    "mask": {"mask": None},
    "stretches": {"stretches": []},
}


def shapes_of(number):
    """The shapes on an image: name, box, and outline."""
    rng = random.Random(number)
    found = []
    for _ in range(1 + number % 4):
        side = rng.randint(30, 80)
        x, y = rng.randint(0, SIZE[0] - side), rng.randint(0, SIZE[1] - side)
        name = rng.choice(SHAPES)
        corners = {"square": [(0, 0), (1, 0), (1, 1), (0, 1)], "triangle": [(0.5, 0), (1, 1), (0, 1)]}
        round_ = [
            (0.5 + 0.5 * math.cos(a / 8 * math.pi), 0.5 + 0.5 * math.sin(a / 8 * math.pi)) for a in range(16)
        ]
        outline = [round(v, 1) for u, w in corners.get(name, round_) for v in (x + u * side, y + w * side)]
        found.append((name, [x, y, x + side, y + side], outline))
    return found


@lru_cache(400)
def drawn(number, width=SIZE[0]):
    """The image of a number as PNG."""
    rng = random.Random(1000 + number)
    image = Image.new("RGB", SIZE, tuple(rng.randint(195, 235) for _ in range(3)))
    draw = ImageDraw.Draw(image)
    for _, _, outline in shapes_of(number):
        color = tuple(rng.randint(40, 170) for _ in range(3))
        draw.polygon(list(zip(outline[::2], outline[1::2], strict=True)), fill=color)
    image.thumbnail((width, width))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def mask_of(number):
    """The true mask of an image: 0 is background."""
    mask = Image.new("L", SIZE, 0)
    for name, _, outline in shapes_of(number):
        points = list(zip(outline[::2], outline[1::2], strict=True))
        ImageDraw.Draw(mask).polygon(points, fill=1 + SHAPES.index(name))
    file = io.BytesIO()
    mask.save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


class Conflict(Exception):
    """An item has another version by now."""


class MadeLabels:
    """What would be files: the marks of all items with versions; it outlives its servers.

    Kinds: boxes, outlines, mask, label, texts, sentences, series.
    """

    def __init__(self, kind="boxes", count=12, model=True, labelled=3):
        self.kind, self.count = kind, count
        self.marks_kind = {
            "boxes": "objects",
            "outlines": "objects",
            "mask": "mask",
            "series": "stretches",
        }.get(kind, "values")
        self.model = {"name": "shapes", "run": "runs/shapes"} if model else None
        self.names = {
            "mask": ["background", *SHAPES],
            "series": list(ACTIVITIES),
            "sentences": ["positive", "negative"],
            "texts": [],
        }.get(kind, list(SHAPES))
        self.keys = [self.key_of(n) for n in range(count)]
        self.marks, self.states, self.log, self.ids = {}, {}, [], 100
        self.lock = threading.RLock()
        self.train = {"state": "idle", "step": 0, "steps": 40, "score": None, "examples": 0, "sentence": None}
        self.history = [
            {"labelled": 20, "score": 0.41, "metric": "AP"},
            {"labelled": 40, "score": 0.58, "metric": "AP"},
        ]
        for key in self.keys[:labelled]:
            self.put(key, self.truth(key))
        self.log.clear()

    def key_of(self, number):
        if self.kind == "series":
            return f"recording {number}"
        if self.marks_kind == "values":
            return f"row {number + 1}"
        return f"shapes/{number:05d}.png"

    def number(self, key):
        return self.keys.index(key) if self.count < 1000 else int(key[-9:-4])

    @cached_property
    def fields(self):
        """The columns that are filled by hand."""
        if self.kind == "texts":
            return [
                {"name": "caption", "kind": "text", "classes": []},
                {"name": "reading", "kind": "text", "classes": []},
            ]
        if self.kind in ("label", "sentences"):
            return [{"name": "label", "kind": "label", "classes": self.names}]
        return []

    def truth(self, key):
        """The right marks of an item."""
        n = self.number(key)
        if self.marks_kind == "objects":
            outlines = self.kind == "outlines"
            return {
                "objects": [
                    {"id": None, "class": name, "box": box, "polygons": [outline] if outlines else None}
                    for name, box, outline in shapes_of(n)
                ]
            }
        if self.marks_kind == "mask":
            return {"mask": mask_of(n)}
        if self.marks_kind == "stretches":
            return {
                "stretches": [
                    {"start": 400 * i, "end": 400 * i + 350, "class": ACTIVITIES[(i + n) % 3]}
                    for i in range(7)
                ]
            }
        if self.kind == "texts":
            name, box, _ = shapes_of(n)[0]
            return {"values": {"caption": f"a {name} at {box[0]}", "reading": name.upper()}}
        return {"values": {"label": self.names[n % 2] if self.kind == "sentences" else shapes_of(n)[0][0]}}

    def empty(self):
        return EMPTY.get(self.marks_kind) or {"values": {field["name"]: None for field in self.fields}}

    def read(self, key):
        """The marks of an item with their version."""
        with self.lock:
            marks = self.marks.get(key, self.empty())
            text = json.dumps(marks, sort_keys=True)
            version = hashlib.sha256(text.encode()).hexdigest()[:16] if key in self.marks else ""
            return {"version": version, "marks": marks, "state": self.letters([key])[key]}

    def put(self, key, marks, version=None):
        """Write marks; Conflict if they were read at another version."""
        with self.lock:
            if version is not None and version != self.read(key)["version"]:
                raise Conflict
            if "objects" in marks:
                marks = {"objects": [self.with_id(one) for one in marks["objects"]]}
            self.marks[key] = marks
            self.states[key] = self.state_of(marks)
            self.log.append(key)
            return self.read(key)

    def with_id(self, one):
        self.ids += one.get("id") is None
        flags = ("crowd", "difficult", "truncated", "occluded", "fixed")
        kept = {"polygons": None, **dict.fromkeys(flags, False), **one, "id": one.get("id") or str(self.ids)}
        return {name: value for name, value in kept.items() if name not in ("score", "uid")}

    def state_of(self, marks):
        if "values" in marks:
            return (
                "labelled" if any(value is not None for value in marks["values"].values()) else "unlabelled"
            )
        if "mask" in marks:
            return "unlabelled" if marks["mask"] is None else "labelled"
        return "labelled" if next(iter(marks.values())) else "empty"

    def classes_of(self, key):
        marks = self.marks.get(key, {})
        if "values" in marks:
            return sorted(self.names.index(v) for v in marks["values"].values() if v in self.names)
        if marks.get("mask"):
            return sorted({1 + SHAPES.index(name) for name, _, _ in shapes_of(self.number(key))})
        return sorted({self.names.index(one["class"]) for one in next(iter(marks.values()), None) or []})

    def letters(self, keys):
        return {key: self.states.get(key, "unlabelled")[0].upper() for key in keys}

    def unsure(self, key):
        return round(random.Random(self.number(key)).random(), 3)

    def proposal(self, key):
        """What a rather good model would propose."""
        n, marks = self.number(key), json.loads(json.dumps(self.truth(key)))
        rng = random.Random(n)
        for i, one in enumerate(marks.get("objects", [])):
            one["box"] = [v + rng.randint(-3, 3) for v in one["box"]]
            one["score"] = round(max(0.1, 0.97 - 0.27 * i), 2)
        found = {"marks": marks, "unsure": self.unsure(key), "disagreement": None}
        if "values" in marks:
            found["marks"]["scores"] = {name: round(rng.uniform(0.3, 1), 2) for name in marks["values"]}
        if n % 5 == 1 and "objects" in marks:
            what = {
                "en": "a circle of score 0.93 is not marked",
                "ko": "점수 0.93인 circle이 표시되어 있지 않습니다",
            }
            found["disagreement"] = {"score": 0.93, "what": what}
        return found

    def order(self, by):
        """The keys by what the model thinks of them."""
        if by == "file":
            return {"keys": self.keys, "scores": [None] * self.count, "ready": 1, "remarks": {}}
        scores = {key: self.unsure(key) for key in self.keys}
        remarks = {}
        if by == "disagreement":
            told = {
                key: self.proposal(key)["disagreement"]
                for key in self.keys
                if self.states.get(key) == "labelled"
            }
            remarks = {key: one["what"] for key, one in told.items() if one}
            scores = {key: one["score"] for key, one in told.items() if one}
        keys = sorted(scores, key=lambda key: -scores[key])
        return {"keys": keys, "scores": [scores[key] for key in keys], "ready": 1, "remarks": remarks}

    def signal(self, key, start, end, points):
        """The smallest and largest value of each channel in each of some equal pieces."""
        n, step = self.number(key), max(1, (end - start) / points)
        low, high = [[], [], []], [[], [], []]
        edges = [start + round(i * step) for i in range(round((end - start) / step) + 1)]
        for a, b in zip(edges, edges[1:], strict=False):
            for c in range(3):
                values = [self.sample(n, c, t) for t in range(a, max(a + 1, b), max(1, (b - a) // 8))]
                low[c].append(round(min(values), 3))
                high[c].append(round(max(values), 3))
        return {"rate": RATE, "channels": ["x", "y", "z"], "length": ROWS, "min": low, "max": high}

    def sample(self, number, channel, row):
        speed = 1 + (row // 400 + number) % 3
        return speed * math.sin(row * 0.08 * speed + channel) + 0.3 * channel + 0.1 * math.sin(row * 1.7)

    def begin_training(self, seconds=1.5):
        """Train in a thread: steps go by, and a score comes."""
        self.train |= {
            "state": "running",
            "step": 0,
            "examples": sum(s == "labelled" for s in self.states.values()),
        }
        threading.Thread(target=self.go_on_training, args=(seconds,), daemon=True).start()

    def go_on_training(self, seconds):
        for step in range(1, self.train["steps"] + 1):
            time.sleep(seconds / self.train["steps"])
            if self.train["state"] != "running":
                return
            self.train["step"] = step
            self.train["sentence"] = running_sentence(self.train)
        score = round(self.history[-1]["score"] + 0.11, 2)
        self.history.append({"labelled": self.train["examples"], "score": score, "metric": "AP"})
        self.model = {"name": f"shapes-{len(self.history)}", "run": "runs/shapes"}
        sentence = {
            "en": f"AP {score} with {self.train['examples']} examples",
            "ko": f"예시 {self.train['examples']}개로 AP {score}",
        }
        self.train |= {"state": "done", "score": {"AP": score}, "sentence": sentence}
