"""The options that commands share, each spelled once."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
StateDir = Annotated[
    Path | None,
    typer.Option("--state-dir", help="Folder of the embedded cluster; default: COLLATERAL_STATE_DIR, else the user's."),
]
Url = Annotated[
    str | None,
    typer.Option("--url", envvar="COLLATERAL_URL", help="Address of the API; default: the embedded cluster's."),
]
Token = Annotated[
    str | None,
    typer.Option(
        "--token", envvar="COLLATERAL_TOKEN", help="Bearer token; default: a short-lived one of this cluster."
    ),
]
Tenant = Annotated[str, typer.Option("--tenant", help="Tenant whose rows are read and written.")]
Params = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="K=V", help="A parameter; lists by comma, structures by k=@file.json. Repeatable."),
]
