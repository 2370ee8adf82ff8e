"""What an installation brings along: every file of the package that is no code, too."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_files_that_are_no_code_are_installed():
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
        "package-data"
    ]
    installed = {
        file
        for package, patterns in named.items()
        for pattern in patterns
        for file in (ROOT / "src" / package.replace(".", "/")).glob(pattern)
        if file.is_file()
    }
    there = {
        file
        for file in (ROOT / "src" / "jumok").rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc", ".pyi")
    }
    assert there == installed
