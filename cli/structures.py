"""Structures from files: JSON, and TOML as the packaged parameter sets are written in."""

import tomllib
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from cli.documents import read_bytes
from services.errors import UnparsableError
from services.intake.parse import parse


def read_structure(path: Path) -> Any:
    """Return the tree of a JSON or TOML file; - is JSON on stdin."""
    data = read_bytes(path)
    return _toml(data) if path.suffix.lower() == ".toml" else parse(data)


def _toml(data: bytes) -> Any:
    try:
        return _plain(tomllib.loads(data.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        raise UnparsableError("The file is not UTF-8.", position=error.start) from None
    except tomllib.TOMLDecodeError as error:
        raise UnparsableError(f"The file is not TOML: {error}.") from None


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it: dates and times, which it has no word for, as text."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date | datetime | time) else value
