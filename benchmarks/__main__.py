"""`python -m benchmarks NAME|all|list [--json]`: one JSON object a line, or a table for people."""

import argparse
import importlib
import json
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType

from rich.console import Console
from rich.table import Table

import benchmarks
from benchmarks.harness import Line, check_line, met

NOT_BENCHMARKS = {"__main__", "harness"}


def names() -> list[str]:
    """Return the benchmarks there are, in order."""
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name for name in found if name not in NOT_BENCHMARKS and not name.startswith("_"))


def load(name: str) -> ModuleType:
    """Import one benchmark."""
    return importlib.import_module(f"benchmarks.{name}")


def summary(name: str) -> str:
    """Return the first line of a benchmark's docstring."""
    return (load(name).__doc__ or "").strip().partition("\n")[0]


def verdict(line: Line) -> str:
    """Say in words whether the target is met."""
    return {None: "no target", True: "met", False: "MISSED"}[met(line)]


def _bound(line: Line) -> str:
    if "ours_ms" in line:
        return "-" if line["target_ratio"] is None else f"≥ {line['target_ratio']:g}x"
    sign = "≤" if line["sense"] == "max" else "≥"
    return "-" if line["limit"] is None else f"{sign} {line['limit']:g} {line['unit']}"


def _cells(line: Line) -> list[str]:
    if "ours_ms" in line:
        ours, peer = f"{line['ours_ms']:.3f} ms", f"{line['peer']}: {line['peer_ms']:.3f} ms"
        return [line["name"], ours, peer, f"{line['ratio']:.2f}x", _bound(line), verdict(line), f"{line['error']:.2e}"]
    value = f"{line['value']:.4g} {line['unit']}"
    return [f"{line['name']}: {line['metric']}", value, "-", "-", _bound(line), verdict(line), "-"]


def table(lines: Sequence[Line]) -> Table:
    """Lay the lines out for people; a missed target says so."""
    result = Table(title="Benchmarks: ratio is the peer's time over ours, medians of interleaved runs")
    for heading in ("benchmark", "ours", "peer", "ratio", "target", "verdict", "error"):
        result.add_column(heading, overflow="fold")
    for line in lines:
        style = "bold red" if met(line) is False else None
        result.add_row(*_cells(line), style=style)
    return result


def run_all(chosen: Sequence[str], *, as_json: bool) -> int:
    """Run benchmarks one after another; return 1 if one of them raised, after the others have run."""
    lines: list[Line] = []
    broken = []
    for name in chosen:
        try:
            for line in load(name).run():
                lines.append(check_line(line))
                if as_json:
                    sys.stdout.write(json.dumps(line, allow_nan=False) + "\n")
                    sys.stdout.flush()
        except Exception:  # noqa: BLE001 - one broken benchmark must not hide the others
            broken.append(name)
            traceback.print_exc()
    if not as_json:
        Console(width=None if sys.stdout.isatty() else 160).print(table(lines))
    if broken:
        sys.stderr.write(f"These benchmarks failed: {', '.join(broken)}.\n")
    return 1 if broken else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=benchmarks.__doc__)
    parser.add_argument("name", choices=["all", "list", *names()], metavar="NAME|all|list")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    arguments = parser.parse_args(argv)
    if arguments.name == "list":
        for name in names():
            sys.stdout.write(
                json.dumps({"name": name, "summary": summary(name)}) + "\n"
                if arguments.json
                else f"{name:20} {summary(name)}\n"
            )
        return 0
    chosen = names() if arguments.name == "all" else [arguments.name]
    return run_all(chosen, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
