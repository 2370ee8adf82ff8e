"""How long the workbench takes from the pointer over an output to what is drawn, in a browser, with the real server.

Models have fresh weights: a Transformer of 4 + 4 layers, 8 heads and width 256 with 40 source tokens, and one that
captions a picture of 32 × 32 cells with 2 layers of 8 heads. `first` is asked of the server, `again` is known to the
page. The times end when the page has drawn and do not hold the wait for the next frame of the screen.

    python benchmarks/hovering.py
"""

import argparse
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median, quantiles

import numpy as np
import torch
import uvicorn
from PIL import Image as Pillow
from playwright.sync_api import Page, sync_playwright

from jumok.data.text.vocabulary import Vocabulary
from jumok.inspection.inspect import summarize_model
from jumok.kinds.catalogue import Fields, build_model
from jumok.kinds.contract import InputField, OutputField
from jumok.kinds.image.field import Image, image_input
from jumok.kinds.image.options import ImageInput
from jumok.kinds.options import DecodingOptions, ModelOptions
from jumok.kinds.text.field import TextTokens, text_input, text_output
from jumok.kinds.text.options import TextInput, TextOutput
from jumok.predictor import Predictor
from jumok.workbench.examples import InputExample, thumbnail
from jumok.workbench.server import application
from jumok.workbench.workbench import LoadedRun, Workbench

WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
VOCABULARY = Vocabulary.learn([" ".join(WORDS)], "words")
TOKENS = 40
SIDE = 128  # pixels; a cell has 4
GREEDY = DecodingOptions(method="greedy", max_tokens=TOKENS)
PAUSE = 0.06  # seconds on an output


def said(layers: int) -> OutputField:
    decoder = TextOutput(decoder={"kind": "transformer", "layers": layers})  # type: ignore[arg-type]
    return text_output("said", decoder, TextTokens(VOCABULARY, "shared", False, 300))


def predictor_of(read: InputField, layers: int, width: int) -> Predictor:
    torch.manual_seed(1)
    fields = Fields({read.name: read}, {"said": said(layers)})
    model = build_model(fields, ModelOptions(width=width, heads=8, dropout=0.0))
    return Predictor(model.eval(), fields, GREEDY)


def translation() -> LoadedRun:
    encoder = TextInput(encoder={"kind": "transformer", "layers": 4})  # type: ignore[arg-type]
    predictor = predictor_of(
        text_input("text", encoder, TextTokens(VOCABULARY, "shared", False, 300)), 4, 256
    )
    text = " ".join((WORDS * TOKENS)[: TOKENS - 1])
    return LoadedRun(
        "translation", predictor, summarize_model(predictor), [InputExample("a text", {"text": text}, {})]
    )


def caption() -> LoadedRun:
    cells = {"backbone": "convolutional", "strides": [4], "channels": [8, 8, 8]}
    options = ImageInput(kind="image", size=SIDE, augment="none", encoder=cells)  # type: ignore[arg-type]
    predictor = predictor_of(image_input(Image("photo", options, (SIDE, SIDE), None, fresh=False)), 2, 64)
    noise = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
    picture = Pillow.fromarray(noise)
    example = InputExample("a picture", {"photo": picture}, {"photo": thumbnail(picture)})
    return LoadedRun("caption", predictor, summarize_model(predictor), [example])


@contextmanager
def served(run: LoadedRun) -> Iterator[str]:
    """The address of a server for a run."""
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    host = f"127.0.0.1:{bound.getsockname()[1]}"
    app = application(Workbench([run]), {host})
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    yield f"http://{host}/"
    server.should_exit = True
    thread.join()


def hover(page: Page) -> list[float]:
    """Move over all outputs once; the milliseconds that each took."""
    outputs = page.locator(".row.query .token")
    places = [outputs.nth(number).bounding_box() for number in range(outputs.count())]
    page.mouse.move(2, 2)
    page.evaluate("jumok.app.panels[0].timings.length = 0")
    for place in filter(None, places):
        page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        time.sleep(PAUSE)
    page.wait_for_timeout(200)
    taken: list[float] = page.evaluate("jumok.app.panels[0].timings")
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sweeps", type=int, default=5, help="over all outputs, each of a new look")
    asked = parser.parse_args()
    print(f"{'':24}{'median ms':>12}{'95 % ms':>12}{'most ms':>12}{'n':>8}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for run in (translation(), caption()):
            times: dict[str, list[float]] = {"first": [], "again": []}
            with served(run) as address:
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                for _ in range(asked.sweeps):
                    page.goto(address)
                    page.wait_for_selector(".stage[data-shown]", timeout=60_000)
                    page.wait_for_timeout(500)
                    times["first"].extend(hover(page))
                    times["again"].extend(hover(page))
                page.close()
            for name, taken in times.items():
                most = quantiles(taken, n=20)[-1]
                row = (median(taken), most, max(taken))
                print(
                    f"{run.name + ', ' + name:24}"
                    + "".join(f"{one:12.1f}" for one in row)
                    + f"{len(taken):8}"
                )
        browser.close()


if __name__ == "__main__":
    main()
