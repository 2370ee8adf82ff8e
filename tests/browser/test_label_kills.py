"""The real server and the browser are killed again and again while somebody draws; nothing is lost.

JUMOK_KILLS=50 pytest tests/browser/test_label_kills.py kills them as often.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from label_parts import draw_box, saved, unsaved
from made_labels import drawn
from playwright.sync_api import TimeoutError

from conftest import CHROMIUM
from jumok.cli.local_page import bind_socket
from jumok.errors import ConfigurationError, DataError

KILLS = int(os.environ.get("JUMOK_KILLS", "3"))


SERVE = """
import sys
from pathlib import Path
from jumok.cli.local_page import bind_socket, serve_locally
from jumok.labelling.coco.store import CocoStore
from jumok.labelling.opening import OpenedLabels
from jumok.workbench.labelling.api import LabelRoom, label_application
file, port = Path(sys.argv[1]), int(sys.argv[2])
room = LabelRoom.open(OpenedLabels("killed", CocoStore(file)), file.parent / "runs")
bound = bind_socket("127.0.0.1", port, port)
serve_locally(lambda hosts: label_application(room, hosts), bound, "labelling", browser=False)
"""


def free_port() -> int:
    """A port that no outgoing connection takes while the server is away (those are above 32767)."""
    for port in random.Random(os.getpid()).sample(range(20_000, 32_000), 50):
        with suppress(DataError, ConfigurationError):
            bind_socket("127.0.0.1", port, port).close()
            return port
    raise AssertionError("no port is free")


class Machine:
    """A server and a browser that can be killed and started again."""

    def __init__(self, chromium, folder: Path) -> None:
        self.chromium, self.folder, self.file = chromium, folder, folder / "train.json"
        self.port = free_port()
        self.start_server()
        self.start_browser()

    def start_server(self) -> None:
        self.server = subprocess.Popen([sys.executable, "-c", SERVE, self.file, str(self.port)])

    def start_browser(self) -> None:
        self.context = self.chromium.launch_persistent_context(
            self.folder / "profile", executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(30_000)

    def open(self, key: str) -> None:
        for _ in range(600):
            assert self.server.poll() is None, "the server has ended by itself"
            with suppress(Exception):
                self.page.goto(f"http://127.0.0.1:{self.port}/#key={key}")
                break
            time.sleep(0.1)
        try:
            self.page.wait_for_function("() => window.jumok?.page?.desk?.record && jumok.page.timer")
        except TimeoutError:
            raise AssertionError(f"the page does not open {key}: {self.page.inner_text('body')!r}") from None

    def kill_server(self) -> None:
        assert self.server.poll() is None, "the server has ended by itself"
        self.server.kill()
        self.server.wait()

    def kill_browser(self) -> None:
        listed = subprocess.run(["pgrep", "-f", str(self.folder / "profile")], capture_output=True, text=True)
        for number in listed.stdout.split():
            with suppress(OSError):
                os.kill(int(number), signal.SIGKILL)
        with suppress(Exception):
            self.context.close()
        for lock in (self.folder / "profile").glob("Singleton*"):
            lock.unlink()

    def counts(self) -> dict[str, int]:
        """Objects by image, as the file has them."""
        if not self.file.exists():
            return {}
        found = json.loads(self.file.read_text())
        names = {image["id"]: image["file_name"] for image in found["images"]}
        owners = [names[one["image_id"]] for one in found["annotations"]]
        return {name: owners.count(name) for name in owners}


@pytest.fixture
def machine(browser, tmp_path):
    if shutil.which("pgrep") is None:
        pytest.skip("there is no pgrep on this machine")
    for number in range(KILLS):
        (tmp_path / f"{number:03}.png").write_bytes(drawn(number))
    document = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "cell"}]}
    document["images"] = [
        {"id": number, "file_name": f"{number:03}.png", "width": 320, "height": 240}
        for number in range(KILLS)
    ]
    (tmp_path / "train.json").write_text(json.dumps(document))
    machine = Machine(browser.browser_type, tmp_path)
    yield machine
    machine.server.kill()
    machine.server.wait()
    machine.kill_browser()


def test_server_and_browser_are_killed_while_somebody_draws(machine):
    offered = 0
    for number in range(KILLS):
        name = f"{number:03}.png"
        machine.open(name)
        if number % 3 == 2:  # the server goes first: the mark cannot be written
            machine.kill_server()
        draw_box(machine.page)
        if number % 3 == 2:
            saved(machine.page, "failed")
        if number % 3 == 1:
            saved(machine.page)
        called_saved = not unsaved(machine.page)
        if number % 3 != 2:
            machine.kill_server()
        machine.kill_browser()
        assert not called_saved or machine.counts().get(name) == 1
        machine.start_server()
        machine.start_browser()
        machine.open(name)
        offer = machine.page.get_by_role("button", name="Save now")
        if machine.counts().get(name) != 1:
            offer.wait_for()
        if offer.is_visible():
            offered += 1
            offer.click()
        saved(machine.page)
    assert machine.counts() == {f"{number:03}.png": 1 for number in range(KILLS)}
    assert offered >= KILLS // 3
