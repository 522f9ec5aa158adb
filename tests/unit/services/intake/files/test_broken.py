"""Whatever bytes come, the answer is portfolios or an error with words; nothing else ever gets out."""

import io
import random
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from services.errors import ServiceError
from services.intake.files import FileOptions, Format, read_file

EXAMPLES = Path(__file__).resolve().parents[5] / "examples"
CLUTTER = b',;"\n\r\t\x00<>&-9.e'
ROUNDS = 60


def _broken(body: bytes, draw: random.Random) -> bytes:
    data = bytearray(body)
    for _ in range(draw.choice([1, 1, 3, 20])):
        at = draw.randrange(len(data))
        match draw.randrange(4):
            case 0:
                data[at] = draw.randrange(256)
            case 1:
                del data[at : at + draw.randrange(1, 20)]
            case 2:
                data[at:at] = bytes(draw.choice(CLUTTER) for _ in range(draw.randrange(1, 6)))
            case _:
                data[at:at] = data[max(0, at - 30) : at]
    return bytes(data)


def _broken_part(body: bytes, draw: random.Random) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(buffer, "w") as new:
        chosen = draw.choice(old.namelist())
        for name in old.namelist():
            new.writestr(name, _broken(old.read(name), draw) if name == chosen else old.read(name))
    return buffer.getvalue()


@pytest.mark.parametrize("partly", [False, True])
@pytest.mark.parametrize("format_", list(Format))
def test_broken_files_are_read_or_refused_in_words(format_: Format, *, partly: bool) -> None:
    body = (EXAMPLES / f"positions.{format_.value}").read_bytes()
    options = FileOptions(format=format_, accept_partial=partly)
    draw = random.Random(f"{format_} {partly}")  # noqa: S311 - the same breakage each time, no secret
    for _ in range(ROUNDS):
        bodies = [_broken(body, draw)]
        if format_ is Format.XLSX:
            bodies.append(_broken_part(body, draw))
        for each in bodies:
            with suppress(ServiceError):
                found = read_file(each, options)
                assert found.report.document()["rows"] == found.report.taken + len(found.report.rejected_rows)
