"""`jumok look`: a server until Ctrl-C, or one file."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

import image_runs


def started(python: list[str], *words: object) -> tuple[subprocess.Popen, str]:
    """A server in a process of its own, and its address."""
    command = [*python, "-m", "jumok", "look", *map(str, words), "--no-browser"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ready, _, _ = select.select([process.stderr], [], [], 600)
    line = process.stderr.readline() if ready else ""
    found = re.search(r"http://\S+/", line)
    assert found, line + process.communicate()[1]
    return process, found[0]


def ended(process: subprocess.Popen) -> tuple[int, str, str]:
    process.send_signal(signal.SIGINT)
    output, talk = process.communicate()
    return process.returncode, output, talk


def fetched(address: str, data: object = None):
    body = None if data is None else json.dumps(data).encode()
    request = Request(address, body, {"Content-Type": "application/json"} if body else {})
    for _ in range(6000):  # it listens before it answers
        try:
            with urlopen(request) as answer:
                return answer.read()
        except ConnectionError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is another signal there")
def test_two_runs_are_looked_at_until_ctrl_c(python, reversal, small_run):
    process, address = started(python, reversal / "run", small_run, "--port", 0, "--input", "abc")
    try:
        assert b"<title>jumok</title>" in fetched(address)
        runs = json.loads(fetched(f"{address}api/session"))["runs"]
        assert [run["name"] for run in runs] == ["run (1)", "run (2)"]
        assert runs[0]["examples"][0]["inputs"] == {"source": "abc"} and len(runs[0]["examples"]) > 3
        document = json.loads(fetched(f"{address}api/look", {"run": 0, "inputs": {"source": "abc"}}))
        assert document["outputs"][0]["answers"][0]["text"] == "cba"
        row = f"{address}api/row?look={document['id']}&answer=0&attention=target.cross&query=0"
        weights = json.loads(fetched(row))["weights"]
        assert all(len(head) == 4 for layer in weights for head in layer)
    finally:
        status, output, talk = ended(process)
    assert (status, output, talk) == (0, "", "")


def test_a_look_is_kept_as_one_file(jumok, reversal, tmp_path):
    file = tmp_path / "look.html"
    done = jumok("look", reversal / "run", "--input", "abc", "--output", file)
    assert done.status == 0 and done.output.strip() == str(file)
    page = file.read_text(encoding="utf-8")
    kept = json.loads(
        re.search(r'<script type="application/json" id="jumok-data">(.*?)</script>', page, re.S)[1]
    )
    (look,) = kept["looks"]
    assert look["document"]["id"] is None
    assert look["packed"].keys() == {one["id"] for one in look["document"]["attentions"]}
    assert look["details"]["/api/check?look=&answer=0"]["holds"]
    assert "/api/heads?look=&answer=0&attention=target.cross" in look["details"]
    assert "src=" not in re.sub(r"<script type.*?</script>", "", page, flags=re.S).split("<script>")[0]


def test_an_image_is_kept_as_one_file(jumok, tmp_path):
    folder = image_runs.trained("text")
    image = next((folder / "images").glob("*.png"))
    done = jumok("look", folder / "run", "--input", image, "--output", tmp_path / "x.html", "--beam", 1)
    assert done.status == 0 and (tmp_path / "x.html").stat().st_size > 50_000


def test_a_host_of_others_is_refused(refused, small_run):
    said = refused("look", small_run, "--host", "0.0.0.0")
    assert "must be of this machine alone" in said and "ssh -L 8765:127.0.0.1:8765" in said


def test_a_taken_port_is_refused_if_it_was_asked_for(refused, small_run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        said = refused("look", small_run, "--port", taken.getsockname()[1], "--no-browser")
    assert "cannot be used" in said and "--port 0" in said


def test_wrong_words_are_refused(refused, small_run, tmp_path):
    assert "give --input" in refused("look", small_run, "--output", tmp_path / "x.html")
    assert "no second run" in refused(
        "look", small_run, small_run, "--input", "a", "--output", tmp_path / "x.html"
    )
    assert "there is no such run" in refused("look", tmp_path / "nothing")
    assert "the input is empty" in refused("look", small_run, "--input", " ", "--output", tmp_path / "x.html")
    assert "look.html" in refused(
        "look", small_run, "--input", "a", "--output", Path("/nosuch/folder/look.html")
    )


def test_a_look_is_written_again_but_not_over_a_persons_file(jumok, refused, small_run, tmp_path):
    out = tmp_path / "a.html"
    for _ in range(2):
        assert jumok("look", small_run, "--input", "abc", "--output", out).status == 0
    out.write_text("mine")
    assert f"{out} exists already" in refused("look", small_run, "--input", "abc", "--output", out)
    assert out.read_text() == "mine"
