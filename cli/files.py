"""The options of commands that read files of positions, and what they tell about how a file was read."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.problems import UsageError

if TYPE_CHECKING:
    from services.intake.files import FileOptions, Report

SUFFIXES = {".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet", ".pq": "parquet", ".xlsx": "xlsx"}
MACROS = frozenset({".xlsm", ".xltm", ".xlsb", ".xls", ".ods"})
_SHOWN = 20

_OPTIONS: dict[str, tuple[Any, Any]] = {
    "columns": (
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN",
            help="The column of a field, over the guess; #3 is the third, - none. Repeatable.",
        ),
    ),
    "fields": (
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="A field of the portfolio: currency, as_of, fx=@fx.json, …; or @file.json of several. Repeatable.",
        ),
    ),
    "fill": (
        list[str] | None,
        typer.Option("--fill", metavar="FIELD=VALUE", help="What stands in the blank cells of a field. Repeatable."),
    ),
    "accept_partial": (
        bool,
        typer.Option("--accept-partial", help="Take the good rows of a file; the result says which were left out."),
    ),
    "sheet": (str | None, typer.Option("--sheet", help="The worksheet of a workbook; default: the first.")),
    "encoding": (str | None, typer.Option("--encoding", help="utf-8, latin-1, cp1252, utf-16-le or utf-16-be.")),
    "delimiter": (str | None, typer.Option("--delimiter", help="comma, semicolon, tab or pipe.")),
    "decimal": (
        str | None,
        typer.Option("--decimal", help="How numbers are written: plain 1234.5, point 1,234.5, comma 1.234,5."),
    ),
    "format": (
        str | None,
        typer.Option("--format", help="csv, parquet or xlsx, where the file's name does not say it."),
    ),
    "only": (str | None, typer.Option("--only", metavar="NAME", help="The one portfolio of the file to take.")),
}
"""The options of a file of rows by the name of the argument: its type, and how it is typed."""


@dataclass(frozen=True, kw_only=True)
class FileArguments:
    """The file options of a command, as they were typed."""

    columns: Sequence[str] | None = None
    fields: Sequence[str] | None = None
    fill: Sequence[str] | None = None
    accept_partial: bool = False
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    format: str | None = None
    only: str | None = None

    @property
    def given(self) -> bool:
        """Whether any was given."""
        return self != FileArguments()

    def kind(self, suffix: str) -> str | None:
        """Return the format of a file of rows, told or known by the ending; None for what is none."""
        if self.format is not None and self.format not in SUFFIXES.values():
            known = ", ".join(dict.fromkeys(SUFFIXES.values()))
            raise UsageError(f"There is no format {self.format!r}.", remedy=f"Use one of: {known}.")
        return self.format or SUFFIXES.get(suffix)

    def options(self, path: Path, suffix: str) -> "FileOptions":
        """Return the options of one file."""
        from services.intake.files import Format
        from services.intake.files.given import file_options

        kind = self.kind(suffix)
        if kind is None:
            known = ", ".join(SUFFIXES)
            remedy = f"It must end in one of: {known}; or say --format."
            raise UsageError(f"{path} is no file of rows by its name.", remedy=remedy)
        return file_options(
            Format(kind),
            name="stdin" if str(path) == "-" else path.name.split(".")[0],
            columns=_pairs("--map", self.columns),
            head=_head(self.fields),
            fill=_pairs("--fill", self.fill),
            accept_partial=self.accept_partial,
            sheet=self.sheet,
            encoding=self.encoding,
            delimiter=self.delimiter,
            decimal=self.decimal,
            only=self.only,
        )


def with_files(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command whose argument `files` is typed as the options of a file of rows."""

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:
        found = {name: given.pop(name) for name in _OPTIONS}
        command(**given, files=FileArguments(**found))

    signature = inspect.signature(command, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != "files"]
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if kind is bool else None,
            annotation=Annotated[kind, option],
        )
        for name, (kind, option) in _OPTIONS.items()
    ]
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own] + options
    wrapped.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapped.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapped


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given or ():
        name, equals, text = each.partition("=")
        if not (name and equals and text):
            raise UsageError(f"{each!r} says nothing.", remedy=f"Write {option} FIELD=VALUE.")
        if name.strip() in found:
            raise UsageError(f"{option} names {name} twice.", remedy="Keep one of them.")
        found[name.strip()] = text
    return found


def _head(given: Sequence[str] | None) -> dict[str, Any]:
    """Return the portfolio's fields as JSON values."""
    from services.intake.files.given import head_value

    found: dict[str, Any] = {}
    for each in given or ():
        more = _json(each) if each.startswith("@") else None
        if more is None:
            ((name, text),) = _pairs("--set", [each]).items()
            more = {name: _json(text) if text.startswith("@") else head_value(name, text)}
        if not isinstance(more, Mapping):
            raise UsageError(f"{each} holds no object.", remedy='Write a JSON object such as {"currency": "USD"}.')
        for name, value in more.items():
            if name in found:
                raise UsageError(f"--set names {name} twice.", remedy="Keep one of them.")
            found[name] = value
    return found


def _json(text: str) -> Any:
    from cli.documents import read_bytes
    from services.intake.parse import parse

    return parse(read_bytes(Path(text[1:])))


def tell(report: "Report", *, err: bool = True) -> None:
    """Write how a file was read, to stderr as a rule: mapping, unused columns, rows left out."""
    found = report.document()
    guessed = set(found["guessed"])
    pairs = [f"{name}={title}{'' if name in guessed else ' (told)'}" for name, title in found["mapping"].items()]
    typer.echo(f"{found['taken']:,} of {found['rows']:,} rows; columns: {', '.join(pairs)}", err=err)
    if "ids_from" in found:
        typer.echo("  No column is id: each row's number is its position's id.", err=err)
    for each in found["unused"]:
        typer.echo(f"  unused: {each['column']}{' - ' + each['note'] if each['note'] else ''}", err=err)
    for each in found["rejected_rows"][:_SHOWN]:
        place = f"row {each['row']}" + (f", column {each['column']} ({each['value']!r})" if each["column"] else "")
        typer.echo(f"  left out: {place}: {each['detail']} {each['remedy']}".rstrip(), err=err)
    more = found["rejected_count"] - len({each["row"] for each in found["rejected_rows"][:_SHOWN]})
    if more > 0:
        typer.echo(f"  and {more:,} more rows; --json lists up to a hundred faults.", err=err)
