"""`--plot out.svg`: the picture of each result, one file each."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.problems import UsageError

Plot = Annotated[
    Path | None, typer.Option("--plot", metavar="OUT.svg", help="Draw the result: of whatif, explain, compare, bridge.")
]


class Plotter:
    """Writes the first picture to the path given, the next ones beside it, numbered; nothing without a path."""

    def __init__(self, path: Path | None, measure: str) -> None:
        self._path = path
        self._drawn = 0
        if path is not None:
            from services.pictures import require_picture

            if path.suffix.lower() != ".svg":
                raise UsageError(f"{path} is no .svg file.", remedy="Pictures are SVG: --plot out.svg")
            require_picture(measure)

    def draw(self, line: Mapping[str, Any]) -> None:
        """Draw one result line, as `--json` prints it."""
        if self._path is None:
            return
        from services.pictures import draw

        self._drawn += 1
        path = self._path if self._drawn == 1 else self._path.with_stem(f"{self._path.stem}-{self._drawn}")
        picture = draw(line["measure"], line["result"], portfolio_id=str(line.get("portfolio_id") or ""))
        try:
            path.write_text(picture)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror or error}.") from error
        typer.echo(f"picture: {path}", err=True)
