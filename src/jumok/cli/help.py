"""Help and usage errors as plain text: fast, and the same in every terminal."""

import re
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

# Typer's name of a type, and ours of its value
VALUES = {
    "path": "PATH",
    "int": "N",
    "int range": "N",
    "float": "X",
    "float range": "X",
    "str": "TEXT",
    "list[str]": "TEXT",
}
TYPE = re.compile(r"<([^<>]+)>")
RANGE = re.compile(r"([\d.]+?)(?:\.0)?<=x<=([\d.]+?)(?:\.0)?(?=[;\]])")  # 0.0<=x<=1.0
COLUMN = (
    28  # where the help of an option begins; the names before it are shorter, or stand on a line of their own
)


def value_name(found: re.Match[str]) -> str:
    """`<int>` as N, `<a|b>` as a|b."""
    return VALUES.get(found[1], found[1])


def strip_backticks(text: str | None) -> str | None:
    """A text of ours without the backticks around commands."""
    return text.replace("`", "") if text else text


class Command(TyperCommand):
    """A command whose usage shows required arguments as RUN and optional ones as [RUN]."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, without pydantic's words in front of an error."""
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The usage line: options first, then the arguments."""
        arguments = (p for p in self.get_params(ctx) if p.param_type_name == "argument")
        return ["[OPTIONS]", *map(usage_of, arguments)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments and options, each as a list."""
        rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            name, help = TYPE.sub(value_name, record[0]), RANGE.sub(r"\1 to \2", record[1])
            if parameter.param_type_name == "argument":
                name, help = argument_name(parameter), help.replace("[required]", "").strip()
            rows["Arguments" if parameter.param_type_name == "argument" else "Options"].append((name, help))
        for title, those in rows.items():
            if those:
                with formatter.section(title):
                    formatter.write_dl(those, col_max=COLUMN)

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Write the help text without backticks."""
        self.help = strip_backticks(self.help)
        super().format_help_text(ctx, formatter)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the example without backticks."""
        self.epilog = strip_backticks(self.epilog)
        super().format_epilog(ctx, formatter)


def argument_name(parameter: Any) -> str:
    """The name of an argument in usage and help."""
    return str(parameter.metavar or parameter.name.upper())


def usage_of(parameter: Any) -> str:
    """RUN, [RUN], INPUT... and so on."""
    name = argument_name(parameter) + ("..." if parameter.nargs != 1 else "")
    return name if parameter.required else f"[{name}]"


class Group(TyperGroup):
    """The commands under headings, each with one line."""

    groups: dict[str, list[str]] = {}

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands in their groups."""
        width = max(len(name) for name in self.commands)
        for title, names in self.groups.items():
            with formatter.section(title):
                rows = [(name.ljust(width), self.commands[name].short_help or "") for name in names]
                formatter.write_dl(rows)
