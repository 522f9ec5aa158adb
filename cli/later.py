"""Commands whose names are fixed and whose work is not built yet: they say so and exit 2."""

import typer

from cli.problems import NotBuiltError

_LOOSE = {"allow_extra_args": True, "ignore_unknown_options": True}


def register(app: typer.Typer) -> None:
    """Add `bulk`."""
    app.command("bulk", help="Overnight runs (not built yet).", context_settings=_LOOSE)(bulk)


def bulk() -> None:
    """Refuse: overnight runs are not built yet."""
    raise NotBuiltError(
        "`collateral bulk` is not built yet.", remedy="Submit single jobs: collateral submit MEASURE INPUT --lane bulk"
    )
