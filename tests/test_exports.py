"""Names that packages export: all exist, and are written where they are promised."""

import importlib
import pkgutil
from types import ModuleType

import pytest

import jumok

PACKAGES = ["jumok"] + [
    found.name for found in pkgutil.walk_packages(jumok.__path__, "jumok.") if found.ispkg
]
EXPORTING = [name for name in PACKAGES if hasattr(importlib.import_module(name), "__all__")]
PUBLIC = {
    "AttentionMap": "class",
    "ConfigurationError": "class",
    "DataError": "class",
    "Experiment": "class",
    "JumokError": "class",
    "TrainingResult": "class",
    "Prediction": "class",
    "Predictor": "class",
    "Recording": "class",
    "RunError": "class",
    "TextPrediction": "class",
    "load": "function",
    "look": "function",
    "presets": "module",
    "read_experiment": "function",
    "record": "function",
    "show": "function",
    "train": "function",
}


def test_jumok_exports_what_people_import():
    """A name that goes, or comes, is announced in the changelog."""
    assert sorted(jumok.__all__) == sorted(PUBLIC)
    assert {name: kind_of(getattr(jumok, name)) for name in PUBLIC} == PUBLIC


def kind_of(exported):
    return (
        "module"
        if isinstance(exported, ModuleType)
        else "class"
        if isinstance(exported, type)
        else "function"
    )


@pytest.mark.parametrize("name", EXPORTING)
def test_every_exported_name_is_there_once(name):
    package = importlib.import_module(name)
    assert len(package.__all__) == len(set(package.__all__)) > 0
    for exported in package.__all__:
        assert getattr(package, exported) is not None


@pytest.mark.parametrize("name", EXPORTING)
def test_a_package_names_what_it_exports(name):
    package = importlib.import_module(name)
    assert set(package.__all__) <= set(dir(package))


def test_exported_things_say_what_they_are():
    for name in PUBLIC:
        assert (getattr(jumok, name).__doc__ or "").strip(), name
