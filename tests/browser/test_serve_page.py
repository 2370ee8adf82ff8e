"""The page of `jumok serve`: it shows the routes without any other host, and sends what one tries."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jumok.serving.app import serving_app
from jumok.serving.log import EventLog
from jumok.serving.process import ModelSource
from jumok.serving.server import Server, bind
from jumok.serving.service import Service
from made_predictors import SENTENCE, made
from served_models import LIMITS, LocalWorker


@pytest.fixture
def address() -> Iterator[str]:
    """A server in a thread, of a model with an example."""
    bound, ready, told = bind("127.0.0.1", 0, 100), threading.Event(), []
    port = bound.getsockname()[1]

    async def start(source, limits):
        worker = LocalWorker(made("transformer"), limits)
        worker.description["examples"] = [dict.fromkeys(worker.computer.predictor.inputs, SENTENCE)]
        return worker

    async def serve():
        log = EventLog(told.append)
        service = Service([ModelSource("made", Path("made"))], LIMITS, log, start)
        server = Server(serving_app(service, {f"127.0.0.1:{port}"}, None, "1"), service, bound, log)
        told.append([asyncio.get_running_loop(), server.stopping])
        await server.run(ready.set)
        log.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(120)
    yield f"http://127.0.0.1:{port}/docs"
    loop, stopping = next(one for one in told if isinstance(one, list))
    loop.call_soon_threadsafe(stopping.set)
    thread.join()


def test_the_page_tries_an_example_of_the_test_split(open_page, address, tmp_path):
    page = open_page(address)  # it fails where the page asks another host
    box = page.locator("details", has=page.locator("code", has_text="/predict")).first
    assert SENTENCE in box.locator("textarea").input_value()
    box.get_by_role("button", name="Send").click()
    answer = box.locator("pre")
    page.wait_for_function("node => node.textContent.startsWith('200')", arg=answer.element_handle())
    assert '"model":"made"' in answer.text_content()
    file = tmp_path / "text.txt"
    file.write_text(SENTENCE)
    box.locator("input[type=file]").set_input_files(file)
    answer.evaluate("node => node.textContent = ''")
    box.get_by_role("button", name="Send").click()
    page.wait_for_function("node => node.textContent.startsWith('200')", arg=answer.element_handle())
