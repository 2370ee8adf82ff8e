"""A small server of made-up things to label, with the addresses and the strict policy of the real one.

By hand: python tests/browser/made_label_server.py boxes 8766 --count 364
Kinds: boxes, outlines, mask, label, texts, sentences, series. The page is read from the disk at each request.
"""

import argparse
import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

from made_labels import COLORS, ROWS, SENTENCES, SIZE, Conflict, MadeLabels, drawn

POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:"
TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}
PAGES = files("jumok.workbench")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *words):
        pass

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def send(self, body, kind="application/json; charset=utf-8", status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def answer(self, value, status=200):
        self.send(json.dumps(value).encode(), status=status)

    def refuse(self, status, english, korean, **more):
        self.answer({"error": {"en": english, "ko": korean}, **more}, status)

    def serve(self, method):
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        self.query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.server.asked.append((method, self.path))
        if not parts.path.startswith("/api/"):
            self.page(parts.path)
            return
        if method != "GET" and self.headers.get("X-Jumok") != "label":
            self.refuse(403, "the header X-Jumok is missing", "X-Jumok 헤더가 없습니다")
            return
        name = f"{method.lower()}_{parts.path.removeprefix('/api/').replace('/', '_')}"
        if not hasattr(self, name):
            self.refuse(404, "there is nothing at this address", "이 주소에는 아무것도 없습니다")
        elif "key" in self.query and self.query["key"] not in self.labels.keys:
            self.refuse(404, "there is no such item", "그런 항목이 없습니다")
        else:
            getattr(self, name)()

    def do_GET(self):
        self.serve("GET")

    def do_PUT(self):
        self.serve("PUT")

    def do_POST(self):
        self.serve("POST")

    def page(self, path):
        name = path.lstrip("/") or "index.html"
        file = PAGES / name if name.startswith("page/") else PAGES / "label_page" / name
        if ".." in name or not file.is_file():
            self.send(b"", "text/plain", 204 if name == "favicon.ico" else 404)
        else:
            self.send(file.read_bytes(), f"{TYPES[name.split('.')[-1]]}; charset=utf-8")

    @property
    def labels(self):
        return self.server.labels

    def get_session(self):
        made = self.labels
        self.answer(
            {
                "version": "0.1.0",
                "name": made.kind,
                "kind": made.marks_kind,
                "format": {"objects": "coco", "mask": "masks", "stretches": "recordings"}.get(
                    made.marks_kind, "table"
                ),
                "place": f"/made/{made.kind}",
                "outlines": made.kind == "outlines",
                "fields": made.fields,
                "classes": self.colored(),
                "count": made.count,
                "split": "train",
                "model": made.model,
                "can_train": True,
                "why_not_train": None,
                "orders": ["file", "unsure", "diverse", "both", "disagreement"],
                "language": "en",
            }
        )

    def colored(self):
        return [{"name": name, "color": COLORS[i % len(COLORS)]} for i, name in enumerate(self.labels.names)]

    def get_items(self):
        made = self.labels
        letters = made.letters(made.keys)
        self.answer(
            {
                "keys": made.keys,
                "names": made.keys,
                "states": "".join(letters[key] for key in made.keys),
                "classes": [made.classes_of(key) for key in made.keys],
                "changed": len(made.log),
            }
        )

    def get_item(self):
        key = self.query["key"]
        time.sleep(self.server.delay)
        text = (
            {"sentence": SENTENCES[self.labels.number(key) % 4]} if self.labels.kind == "sentences" else None
        )
        size = None if self.labels.kind in ("sentences", "series") else list(SIZE)
        self.answer({**self.labels.read(key), "problems": [], "size": size, "text": text})

    def put_item(self):
        fault = self.server.faults.pop(0) if self.server.faults else None
        given = json.loads(self.body)
        if fault == "before":
            self.server.kill()
            return
        if self.query.get("place") != f"/made/{self.labels.kind}":
            self.refuse(400, "another data set is labelled here", "여기서는 다른 데이터에 라벨을 답니다")
            return
        if fault == "full":
            self.refuse(507, "the disk is full: nothing was written", "디스크가 가득 차서 쓰지 못했습니다")
            return
        if fault == "refuse":
            self.refuse(400, "this box has no area", "넓이가 없는 상자입니다")
            return
        if isinstance(fault, float):
            time.sleep(fault)
        try:
            written = self.labels.put(self.query["key"], given["marks"], given["version"])
        except Conflict:
            current = self.labels.read(self.query["key"])
            self.refuse(
                409,
                "somebody else has changed this item",
                "다른 곳에서 이 항목을 바꾸었습니다",
                current=current,
            )
            return
        if fault == "after":
            self.server.kill()
            return
        self.answer(written)

    def post_class(self):
        name = json.loads(self.body)["name"].strip()
        if name and name not in self.labels.names:
            self.labels.names.append(name)
        self.answer({"classes": self.colored()})

    def get_changes(self):
        keys = list(dict.fromkeys(self.labels.log[int(self.query["since"]) :]))
        self.answer({"changed": len(self.labels.log), "keys": keys, "states": self.labels.letters(keys)})

    def get_image(self):
        self.send(drawn(self.labels.number(self.query["key"])), "image/png")

    def get_thumb(self):
        self.send(drawn(self.labels.number(self.query["key"]), 160), "image/png")

    def get_signal(self):
        start, end = int(self.query.get("from", 0)), min(ROWS, int(self.query.get("to", ROWS)))
        self.answer(self.labels.signal(self.query["key"], start, end, int(self.query.get("points", 500))))

    def post_proposals(self):
        keys = json.loads(self.body)["keys"]
        model = self.labels.model
        proposals = {key: self.labels.proposal(key) for key in keys} if model else {}
        self.answer({"proposals": proposals, "model": model["name"] if model else None})

    def get_order(self):
        self.answer(self.labels.order(self.query["by"]))

    def post_train(self):
        self.labels.begin_training()
        self.answer({"state": "running"})

    def get_train(self):
        self.answer({**self.labels.train, "history": self.labels.history})

    def post_train_stop(self):
        self.labels.train["state"] = "idle"
        self.answer({"state": "idle"})


class Server(ThreadingHTTPServer):
    """A server that can be killed: all its connections break off at once."""

    daemon_threads = True
    allow_reuse_address = True

    def kill(self):
        self.killed.set()
        self.socket.close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request, client_address):
        if not self.killed.is_set():
            super().handle_error(request, client_address)

    def service_actions(self):
        if self.killed.is_set():
            raise ConnectionAbortedError

    def serve(self):
        with contextlib.suppress(OSError, ValueError):  # of the socket that was closed
            self.serve_forever(0.02)


class MadeLabelServer:
    """A server of made-up things to label on a free port; `start` after `kill` comes back at the same address."""

    def __init__(self, kind="boxes", count=12, port=0, **more):
        self.labels = MadeLabels(kind, count, **more)
        self.asked, self.faults, self.port, self.delay = [], [], port, 0
        self.start()

    def start(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        self.server.labels, self.server.asked, self.server.faults = self.labels, self.asked, self.faults
        self.server.delay, self.server.connections, self.server.killed = self.delay, set(), threading.Event()
        self.thread = threading.Thread(target=self.server.serve, daemon=True)
        self.thread.start()

    def kill(self):
        self.server.kill()
        self.thread.join(5)

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/"

    def puts(self):
        return [path for method, path in self.asked if method == "PUT"]

    def close(self):
        self.server.kill()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Serve made-up things to label.")
    parser.add_argument("kind", nargs="?", default="boxes")
    parser.add_argument("port", nargs="?", type=int, default=8766)
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--no-model", action="store_true")
    asked = parser.parse_args()
    server = MadeLabelServer(asked.kind, asked.count, asked.port, model=not asked.no_model)
    print(server.address, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.thread.join()
