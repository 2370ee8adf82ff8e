"""A small server of made-up looks, with the addresses and the strict policy of the real one."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

import made_looks as made
import made_signals

POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:"
TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}
PAGE = {
    path.name: path.read_bytes()
    for path in (files("jumok.workbench") / "page").iterdir()
    if path.name != "__pycache__"
}


def session(runs):
    return {
        "runs": [
            {"name": name, "summary": "", "inputs": inputs, "examples": examples}
            for name, inputs, examples, _ in runs
        ],
        "version": "0.1.0",
    }


GERMAN = [{"name": "german", "kind": "text"}]
EXAMPLES = [
    {"label": text, "inputs": {"german": text}}
    for text in ("Ein Mann mit gelbem Helm repariert ein altes Fahrrad.", "Zwei Hunde spielen im Schnee.")
]


def image_examples():
    small = made.landscape().resize((64, 48))
    return [{"label": "landscape", "inputs": {"photo": {"example": 0, "thumbnail": made.data_url(small)}}}]


PHOTO = [{"name": "photo", "kind": "image"}]


def runs_of(kind):
    """The runs of a session by the name of what it shows."""
    texts = ("german", GERMAN, EXAMPLES)
    if kind == "compare":
        second = made.translation("second", seed=40, name="multi30k-small", layers=3, heads=4)
        return [
            (texts[0], texts[1], texts[2], made.translation()),
            ("multi30k-small", GERMAN, EXAMPLES, second),
        ]
    if kind in ("boxes", "mask", "caption"):
        return [(kind, PHOTO, image_examples(), getattr(made, kind)())]
    if kind in made_signals.LOOKS:
        return [signal_run(made_signals.LOOKS[kind]())]
    look = {"text": made.translation, "long": made.long_text, "bottleneck": made.bottleneck}[kind]()
    name = look.document["inputs"][0]["name"]
    text = look.document["inputs"][0]["text"]
    return [
        (
            look.document["model"]["name"],
            [{"name": name, "kind": "text"}],
            [{"label": text[:60], "inputs": {name: text}}],
            look,
        )
    ]


def signal_run(look):
    """A run whose only example is what the look is of."""
    document = look.document
    inputs = [{"name": one["name"], "kind": one["kind"]} for one in document["inputs"]]
    for one, said in zip(inputs, document["inputs"], strict=True):
        one |= {"optional": True} if said.get("absent") else {}
        one |= {"channels": said["channels"]} if "channels" in said else {}
    given = {
        one["name"]: one.get("text", {"example": 0}) for one in document["inputs"] if not one.get("absent")
    }
    right = {one["name"]: {"text": one["answers"][0]["text"]} for one in document["outputs"]}
    example = {"label": "example", "inputs": given, "right": look.right or right}
    return (document["model"]["name"], inputs, [example], look)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or the second packet of an answer waits 40 ms for the first

    def log_message(self, *words):
        pass

    def send(self, body, kind="application/json", status=200):
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def answer(self, value, status=200):
        self.send(json.dumps(value).encode(), status=status)

    def do_GET(self):
        parts = urlsplit(self.path)
        name = parts.path.lstrip("/") or "index.html"
        self.server.asked.append(self.path)
        if name in PAGE:
            self.send(PAGE[name], TYPES[name.split(".")[-1]])
        elif parts.path == "/api/session":
            self.answer(session(self.server.runs))
        else:
            self.detail(
                parts.path.removeprefix("/api/"),
                {key: values[0] for key, values in parse_qs(parts.query).items()},
            )

    def do_POST(self):
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(self.path)
        if parts.path == "/api/test":
            query = parse_qs(parts.query)
            self.answer(made.verdict(int(query["query"][0])))
            return
        asked = json.loads(body) if "json" in self.headers["Content-Type"] else {"run": 0, "inputs": {}}
        self.server.posted.append((self.headers["Content-Type"], body))
        if asked["inputs"].get("german") == "slow":
            time.sleep(0.4)
        if asked["inputs"].get("german") == "wrong":
            self.answer(
                {"error": {"en": "this input cannot be read", "ko": "이 입력은 읽을 수 없습니다"}}, 400
            )
            return
        self.answer(self.server.runs[asked["run"]][3].document)

    def detail(self, name, query):
        look = next((run[3] for run in self.server.runs if run[3].document["id"] == query.get("look")), None)
        if look is None:
            self.answer({"error": {"en": "there is no such look", "ko": "그런 보기는 없습니다"}}, 404)
            return
        if name == "check":
            self.answer({"error": 3.1e-8, "most": 1e-5, "holds": True})
        elif name == "packed":
            answer = int(query["answer"])
            self.answer({id: made.packed(maps, answer) for id, maps in look.weights.items()})
        elif name == "steps":
            self.answer(made.steps())
        else:
            self.answer(self.weights(name, look.weights[query["attention"]], query))

    def weights(self, name, maps, query):
        number = {key: int(value) for key, value in query.items() if value.isdigit()}
        if name == "row":
            return {"weights": maps[:, :, min(number["query"], maps.shape[2] - 1)].tolist()}
        if name == "column":
            return {"weights": maps[number["layer"], number["head"], :, number["key"]].tolist()}
        if name == "map":
            return made.pooled(maps[number["layer"], number["head"]])
        if name == "heads":
            return {"heads": made.statistics(maps)}
        mean = maps.mean((0, 1))
        label = {"en": "mean of all heads", "ko": "모든 헤드의 평균"}
        if query["view"] == "alignment":
            return {
                "view": "alignment",
                "label": label,
                "shift": 0,
                "pairs": [[t, int(row.argmax()), float(row.max())] for t, row in enumerate(mean)],
            }
        return {"view": query["view"], "label": label, "weights": mean[number["query"]].tolist()}


class MadeServer:
    """A server of a session, on a free port of this machine."""

    def __init__(self, kind):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.runs, self.server.asked, self.server.posted = runs_of(kind), [], []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
