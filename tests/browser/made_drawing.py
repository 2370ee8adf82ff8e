"""A bare page that holds one drawing editor, and images to draw on.

By hand: python tests/browser/made_drawing.py 8770
"""

import io
import sys
import threading
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image, ImageDraw

sys.path.append(str(Path(__file__).parents[1]))
from drawn_shapes import draw

POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:"
TYPES = {"html": "text/html", "js": "text/javascript", "css": "text/css"}
PAGES = files("jumok.workbench")
SCRIPTS = [
    *("png.js", "raster.js", "objects.js", "stage.js", "draw_marks.js", "drawing_editor.js"),
    *("tool_select.js", "tool_box.js", "tool_polygon.js", "tool_brush.js", "tool_fill.js"),
    *("editor_boxes.js", "editor_mask.js"),
]
HOST = f"""<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>drawing</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page/style.css"><link rel="stylesheet" href="draw.css">
<link rel="stylesheet" href="host.css">
<script src="host_words.js"></script><script src="draw_words.js"></script><script src="page/base.js"></script>
{"".join(f'<script src="{name}"></script>' for name in SCRIPTS)}<script src="host.js"></script></head>
<body><div id="tools" class="bar"></div><div id="host"></div><p id="said"></p><div id="live"></div></body></html>"""
STYLE = """
body { padding: 12px; } #host { height: calc(100vh - 96px); } #said { min-height: 22px; font-size: 13.5px; }
#tools { min-height: 36px; } #tools button[aria-pressed="true"] { background: var(--heat); color: var(--card); }
"""
SCRIPT = """
"use strict";
window.mount = async (options) => {  // an editor with what it needs from its shell, which is recorded
  window.editor?.close();
  const { kind = "objects", size = [320, 240] } = options;
  const named = options.classes || [["red", "#d1495b"], ["disc", "#00798c"], ["tile", "#edae49"]];
  const classes = named.map(([name, color]) => ({ name, color }));
  const host = window.host = { changes: 0, said: [], states: [], name: options.className ?? classes[0].name };
  const tools = document.getElementById("tools");
  const context = {
    session: { kind, outlines: Boolean(options.outlines), format: options.format || "coco", fields: [], classes,
      model: options.model || null },
    item: { key: "a.png", name: "a.png", size }, image: `image?size=${size.join("x")}`,
    marks: options.marks || (kind === "mask" ? { mask: null } : { objects: [] }),
    proposals: options.proposals || null,
    className: () => host.name, chooseClass: (name) => { host.name = name; window.editor.setClass(name); },
    changed: () => { host.changes += 1; host.states.push(window.editor.state()); },
    status: (text) => { host.said.push(text); document.getElementById("said").textContent = text; },
    refresh: () => {
      if (!window.editor) return;
      tools.replaceChildren(...window.editor.tools.map(({ id, key, words }) => jumok.el("button", {
        text: `${jumok.t(words)} ${key}`, "aria-pressed": String(id === window.editor.current),
        onclick: () => window.editor.tool(id),
      })));
    },
    view: options.view || {},
  };
  window.editor = jumok.editors[kind](document.getElementById("host"), context);
  await window.editor.ready;
  host.states.push(window.editor.state());
  context.refresh();
};
document.addEventListener("keydown", (event) => window.editor?.key(event));
"""


@lru_cache(8)
def image(size: str) -> bytes:
    """Drawn shapes in a corner of an image of that size, with something to see elsewhere too."""
    width, height = map(int, size.split("x"))
    scene = draw(1, 3).pixels[0].permute(1, 2, 0).numpy()
    shapes = Image.fromarray((255 * np.clip(scene * 0.3 + 0.5, 0, 1)).astype(np.uint8))
    whole = Image.new("RGB", (width, height), (190, 196, 188))
    pen = ImageDraw.Draw(whole)
    for x in range(0, width, 40):
        pen.line((x, 0, x + 30, height), fill=(160, 170, 165))
    side = min(width, height)
    whole.paste(shapes.resize((side // 2, side // 2)), (side // 8, side // 8))
    pen.ellipse((width // 2, height // 2, width - width // 8, height - height // 8), fill=(70, 110, 150))
    file = io.BytesIO()
    whole.save(file, "PNG", compress_level=1)
    return file.getvalue()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *words):
        pass

    def do_GET(self):
        parts = urlsplit(self.path)
        name = parts.path.lstrip("/") or "index.html"
        made = {"index.html": HOST, "host.js": SCRIPT, "host.css": STYLE}
        made["host_words.js"] = "window.jumok = { words: { en: {}, ko: {} } };"
        if name == "image":
            self.send(image(parse_qs(parts.query)["size"][0]), "image/png")
        elif name in made:
            self.send(made[name].encode(), TYPES[name.split(".")[-1]])
        else:
            file = PAGES / name if name.startswith("page/") else PAGES / "label_page" / name
            self.send(file.read_bytes(), TYPES[name.split(".")[-1]])

    def send(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind if kind.startswith("image") else f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)


def serve(port: int = 0) -> ThreadingHTTPServer:
    """The server, running."""
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


if __name__ == "__main__":
    print(f"http://127.0.0.1:{serve(int(sys.argv[1])).server_address[1]}/", flush=True)
    threading.Event().wait()
