"""Commands whose names are fixed and whose work is not built yet: they say so and exit 2."""

import typer

from cli.problems import NotBuiltError

_LOOSE = {"allow_extra_args": True, "ignore_unknown_options": True}


def register(app: typer.Typer) -> None:
    """Add `bulk` and `replay`."""
    app.command("bulk", help="Overnight runs (not built yet).", context_settings=_LOOSE)(bulk)
    app.command("replay", help="Recompute a stored number and compare (not built yet).", context_settings=_LOOSE)(
        replay
    )


def bulk() -> None:
    """Refuse: overnight runs are not built yet."""
    raise NotBuiltError(
        "`collateral bulk` is not built yet.", remedy="Submit single jobs: collateral submit MEASURE INPUT --lane bulk"
    )


def replay() -> None:
    """Refuse: replaying a stored number is not built yet."""
    raise NotBuiltError(
        "`collateral replay` is not built yet.", remedy="`collateral dlq replay` runs a dead letter again."
    )
