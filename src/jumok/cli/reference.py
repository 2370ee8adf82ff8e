"""`jumok options`."""

import json
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from jumok.choices import Language
from jumok.console import write_line
from jumok.errors import ConfigurationError

if TYPE_CHECKING:
    from jumok.experiment.reference import Option, Section

EXAMPLE = "jumok options training"
WIDTH = 100
INDENT = " " * 4
HINT = {
    "en": "One section with all its options: jumok options training",
    "ko": "한 부분의 모든 옵션 보기: jumok options training",
}
REQUIRED = {"en": "required", "ko": "필수"}
SEE = {"en": "see", "ko": "참고:"}


def command(
    section: Annotated[
        str | None,
        typer.Argument(metavar="SECTION", help="Like training, inputs.image or training.steps."),
    ] = None,
    language: Annotated[Language, typer.Option(help="English or Korean.")] = "en",
    markdown: Annotated[bool, typer.Option("--markdown", help="The whole reference as Markdown.")] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="A JSON schema, with which editors complete and check the file.")
    ] = False,
) -> None:
    """Tell all options of an experiment file: what they may be, their defaults, and what they mean.

    For an editor (VS Code with its YAML extension, and others), write the schema and name it in the first line of the
    experiment file:

    \b
    jumok options --schema > jumok.schema.json
    # yaml-language-server: $schema=jumok.schema.json
    """
    from jumok.experiment.reference import find_sections, json_schema, sections

    if (section is not None) + markdown + schema > 1:
        raise ConfigurationError("give one of SECTION, --markdown and --schema")
    if schema:
        write_line(json.dumps(json_schema(language), ensure_ascii=False, indent=2))
    elif markdown:
        from jumok.experiment.reference_page import render_reference

        write_line(render_reference(sections(language), language))
    elif section is not None:
        for one in find_sections(section, language):
            print_section(one, language)
    else:
        overview(sections(language), language)


def overview(all_sections: Sequence["Section"], language: Language) -> None:
    """Every section with its meaning."""
    told = [one for one in all_sections if one.path]
    width = max(len(one.path) for one in told)
    for one in told:
        write_line(f"{one.path.ljust(width)}  {one.meaning}")
    write_line(f"\n{HINT[language]}")


def print_section(one: "Section", language: Language) -> None:
    """A section and its options."""
    kinds = f" (kind: {', '.join(one.kinds)})" if one.kinds else ""
    write_line(f"{one.path}{kinds}\n{wrap_paragraph(one.meaning, '  ')}\n")
    for option in one.options:
        write_line(f"  {option.path}: {option.values}{format_default(option, language)}")
        see = f" ({SEE[language]} {', '.join(option.sections)})" if option.sections else ""
        write_line(wrap_paragraph(option.meaning + see, INDENT))
    write_line("")


def format_default(option: "Option", language: Language) -> str:
    """The default of an option in brackets, or that the option is required."""
    if option.default is None:
        return f" ({REQUIRED[language]})"
    return f" [{option.default}]" if option.default else ""


def wrap_paragraph(text: str, indent: str) -> str:
    """A text in lines of at most WIDTH characters, all of them indented."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
