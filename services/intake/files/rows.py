"""A request whose body is a file and whose query says the rest, as the tree that a JSON body would be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from compute.errors import ComputeError
from compute.measures import Takes
from compute.measures import measure as spec_of
from services.errors import UnparsableError
from services.intake.files.options import FileOptions, Format
from services.intake.files.read import only_book, read_file

_MEASURE = "margin"


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A file, how it is to be read, and the fields of the request that stand beside it."""

    body: bytes = field(repr=False)
    options: FileOptions
    fields: Mapping[str, Any] = field(default_factory=dict)

    def tree(self) -> dict[str, Any]:
        """Return the request; its portfolio is judged already, a CRIF is text still."""
        if self.options.format is Format.CSV and self._wants_crif():
            return {**self.fields, "crif": _text(self.body)}
        return {**self.fields, "portfolio": only_book(read_file(self.body, self.options))}

    def _wants_crif(self) -> bool:
        parameters = self.fields.get("parameters")
        try:
            spec = spec_of(self.fields.get("measure", _MEASURE))
            takes = spec.chosen(parameters if isinstance(parameters, dict) else {}).takes
        except (ComputeError, LookupError):
            return False  # what is wrong with them is said where they are judged
        return Takes.CRIF in takes


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnparsableError(
            f"The file is not UTF-8: byte {error.start} cannot be read.",
            position=error.start,
            remedy="Save it as UTF-8.",
        ) from None
