"""Commands whose names are fixed and whose work is not built yet: they say so and exit 2."""

from typing import Annotated

import typer

from cli.problems import NotBuiltError

_Rest = Annotated[list[str] | None, typer.Argument(help="Ignored: the command is not built yet.")]
_LOOSE = {"allow_extra_args": True, "ignore_unknown_options": True}


def register(app: typer.Typer) -> None:
    """Add `bulk` and `replay`."""
    app.command("bulk", help="Overnight runs (not built yet).", context_settings=_LOOSE)(_bulk)
    app.command("replay", help="Recompute a stored number and compare (not built yet).", context_settings=_LOOSE)(
        _replay
    )


def _bulk(rest: _Rest = None) -> None:
    """Refuse: overnight runs are not built yet."""
    raise NotBuiltError(
        "`collateral bulk` is not built yet.", remedy="Submit single jobs: collateral submit MEASURE INPUT"
    )


def _replay(rest: _Rest = None) -> None:
    """Refuse: replaying a stored number is not built yet."""
    raise NotBuiltError(
        "`collateral replay` is not built yet.",
        remedy="`collateral dlq replay` runs a dead letter again.",
    )
