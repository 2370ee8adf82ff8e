"""The command line: parse, call, print. Results go to stdout, talk and progress to stderr."""

from jumok.cli.main import main

__all__ = ["main"]
