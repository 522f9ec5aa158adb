"""The body that adds a tenant."""

from services.errors import InvalidInputError
from services.intake import values
from services.intake.careful import unknown_field
from services.intake.faults import Faults
from services.intake.parse import parse


def decode_tenant(body: bytes) -> tuple[str, str]:
    """Return the id and the name of `{"id": …, "name": …}`; the name defaults to the id."""
    faults = Faults()
    tree = values.mapping(parse(body), "", faults)
    if tree is None:
        raise InvalidInputError(faults.items)
    for name in tree:
        if name not in {"id", "name"}:
            unknown_field(name, "", ("id", "name"), faults)
    found = values.text(tree.get("id"), "/id", faults)
    title = found if tree.get("name") is None else values.text(tree["name"], "/name", faults)
    faults.settle()
    return found or "", title or ""
