"""Results for people: the figures of each measure as tables, money rounded here and only here."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from cli.bridging import show_bridge
from cli.output import milliseconds, money, percent, print_table
from cli.stressing import show_stress

_POSITIONS_SHOWN = 20
_MONEY_ENDINGS = ("_margin", "_offset", "_funds", "_liquidity", "_savings", "_collateral", "equity")


def show_result(line: Mapping[str, Any]) -> None:
    """Print one result line of `calc`, or of `submit --wait`, as tables."""
    result = line["result"]
    device = f"on {line['device']}" if line.get("device") else ""
    title = (
        f"{line['measure']} of {line['portfolio_id'] or 'the portfolio'} {device} {milliseconds(line.get('run_ms'))}"
    )
    _figures(" ".join(title.split()), result)
    if "before" in result:
        _moved(result)
    if "measures" in result:
        _risks(result)
    if "coverage" in result:
        _coverage(result)
    if "entries" in result:
        _compared(result)
    if "scenarios" in result and "base" in result:
        show_stress(result)
    if "waterfall" in result:
        (show_bridge if "steps" in result else _explained)(result)
        return
    if isinstance(result.get("positions"), list) and result["positions"]:
        first = result["positions"][0]
        show = _gains if "profit_and_loss" in first else _prices if "price" in first else _positions
        show(result)


def _figures(title: str, result: Mapping[str, Any]) -> None:
    print_table(title, ("figure", "value"), _scalars(result), right=("value",))


def _scalars(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    currency = str(result.get("currency", ""))
    for name, value in result.items():
        if name.endswith(_MONEY_ENDINGS):
            yield name.replace("_", " "), money(value, currency)
        elif name == "utilization":
            yield name, percent(value)
        elif isinstance(value, bool):
            yield name.replace("_", " "), "yes" if value else "no"
        elif isinstance(value, str | int | float):
            yield name.replace("_", " "), f"{value:,}" if isinstance(value, int | float) else value


def _moved(result: Mapping[str, Any]) -> None:
    """Print every figure before, its change and after, and which limits hold."""
    currency = result["currency"]
    columns = ("before", "change", "after")
    rows = [
        (name.replace("_", " "), *(_amount(name, result[column].get(name), currency) for column in columns))
        for name in result["after"]
    ]
    print_table("What if", ("figure", *columns), rows, right=columns)
    if result["limits"]:
        verdicts = [
            (one["figure"].replace("_", " "), "pass" if one["passed"] else "FAIL", one["reason"])
            for one in result["limits"]
        ]
        print_table("Limits", ("figure", "verdict", "reason"), verdicts, right=())


def _amount(name: str, value: float | None, currency: str) -> str:
    return percent(value) if name == "utilization" else money(value, currency)


def _risks(result: Mapping[str, Any]) -> None:
    currency = result["currency"]
    rows = [
        (
            str(one["method"]),
            f"{one['horizon_days']} d",
            percent(one["confidence"]),
            money(one["var"], currency),
            money(one["es"], currency),
            money(one.get("se_var"), currency),
        )
        for one in result["measures"]
    ]
    columns = ("method", "horizon", "confidence", "VaR", "expected shortfall", "standard error of VaR")
    print_table("Value at risk, losses positive", columns, rows, right=columns[1:])


def _coverage(result: Mapping[str, Any]) -> None:
    """Print what a backtest found: coverage and its tests, and how far the margin moved."""
    rows = [
        (
            one["of"].replace("_", " "),
            f"{one['exceedances']:,} of {one['observations']:,}, {one['expected']:.1f} expected",
            percent(one["coverage"]),
            *(_probability(one[name]) for name in ("kupiec", "christoffersen_independence", "conditional_coverage")),
            one["traffic_light"]["zone"],
        )
        for one in result["coverage"]
    ]
    columns = ("of", "exceedances", "coverage", "p Kupiec", "p independence", "p both", "last 250")
    print_table("Exceedances, losses that do not overlap", columns, rows, right=columns[2:6])
    moved = [(name, found) for name, found in (result["procyclicality"] or {}).items() if found is not None]
    headings = ("of", "peak to trough", "peak", "trough", "greatest rises")
    print_table("Procyclicality", headings, [_movement(*one) for one in moved], right=("peak to trough",))


def _compared(result: Mapping[str, Any]) -> None:
    """Print the models side by side, how each covered the same losses, and what is said of savings."""
    currency, figure, entries = str(result["currency"]), str(result["figure"]), result["entries"]
    rows = [
        (
            str(one["label"]),
            str(one["version"] or "-"),
            money(one[figure], currency),
            money(one["difference"], currency),
            percent(one["relative_difference"]),
            one["error"]["detail"] if one["error"] else "",
        )
        for one in entries
    ]
    columns = ("model", "version", figure.replace("_", " "), f"less {result['base']}", "of it", "error")
    print_table("Side by side", columns, rows, right=columns[2:5])
    if result["backtest"] is not None:
        _covered(result)
    print_table("Savings at equal coverage", ("statement",), [(note,) for note in result["notes"]], right=())


def _covered(result: Mapping[str, Any]) -> None:
    currency, walked = str(result["currency"]), result["backtest"]
    rows = [_coverage_row(one, currency) for one in result["entries"]]
    title = (
        f"Coverage of losses over {walked['horizon_days']} days, {walked['dates']} dates from {walked['first']} to "
        f"{walked['last']}"
    )
    equal = f"at {percent(result['confidence'])}"
    columns = (
        "model", "covered", "exceedances", "p Kupiec", "p independence", "mean margin", "peak to trough", "times",
        equal, "saving",
    )  # fmt: skip
    print_table(title, columns, rows, right=columns[1:])


def _coverage_row(one: Mapping[str, Any], currency: str) -> Sequence[str]:
    found, level = one["coverage"], one["at_equal_coverage"]
    if found["tests"] is None:
        return (str(one["label"]), *("-" for _ in range(9)))
    moved = found["procyclicality"]
    return (
        str(one["label"]),
        percent(found["coverage"]),
        f"{found['exceedances']:,} of {found['observations']:,}",
        *(_probability(found["tests"][name]) for name in ("kupiec", "christoffersen_independence")),
        money(found["margin"]["mean"], currency),
        "-" if moved is None else f"{moved['peak_to_trough']:.2f}",
        "-" if level["multiplier"] is None else f"{level['multiplier']:.3f}",
        money(level["margin"], currency),
        percent(level["saving_against_base"]),
    )


def _movement(name: str, found: Mapping[str, Any]) -> Sequence[str]:
    rises = ", ".join(f"{one['days']} d {percent(one['rise'])}" for one in found["greatest_rises"])
    return name, f"{found['peak_to_trough']:.2f}", found["peak_date"], found["trough_date"], rises


def _explained(result: Mapping[str, Any]) -> None:
    """Print the waterfall, the groups kind by kind, and the positions that were recomputed."""
    currency = result["currency"]
    steps = [
        (
            one["step"].replace("_", " "),
            money(None if one["step"] == "total" else one["amount"], currency),
            money(one["running"], currency),
        )
        for one in result["waterfall"]
    ]
    columns = ("step", "amount", "comes to")
    print_table(f"From gross to {result['figure'].replace('_', ' ')}", columns, steps, right=columns[1:])
    for kind in dict.fromkeys(one["kind"] for one in result["groups"]):
        members = [one for one in result["groups"] if one["kind"] == kind]
        rows = [_part(str(one["group"]), one, currency) for one in members]
        _parts(f"Contributions by {kind.replace('_', ' ')}", "group", rows)
    positions = sorted(result["positions"], key=lambda one: -abs(one["contribution"]))
    _parts("Positions, the largest contributions", "id", [_part(str(one["id"]), one, currency) for one in positions])


def _parts(title: str, what: str, rows: Sequence[Sequence[str]]) -> None:
    hidden = len(rows) - _POSITIONS_SHOWN
    columns = (what, "contribution", "share", "marginal", "stand-alone")
    more = f"; {hidden:,} more with --json" if hidden > 0 else ""
    print_table(title + more, columns, rows[:_POSITIONS_SHOWN], right=columns[1:])


def _part(name: str, one: Mapping[str, Any], currency: str) -> Sequence[str]:
    amounts = (money(one[figure], currency) for figure in ("marginal", "stand_alone"))
    return name, money(one["contribution"], currency), percent(one["share"]), *amounts


def _probability(test: Mapping[str, Any] | None) -> str:
    return "-" if test is None else f"{test['p_value']:.3f}"


def _positions(result: Mapping[str, Any]) -> None:
    currency, positions = result["currency"], result["positions"]
    rows = [_position(position, currency) for position in islice(positions, _POSITIONS_SHOWN)]
    hidden = len(positions) - len(rows)
    title = f"Positions, the first {_POSITIONS_SHOWN}; {hidden:,} more with --json" if hidden else "Positions"
    columns = ("id", "initial margin", "maintenance margin", "variation margin", "volatility", "from")
    print_table(title, columns, rows, right=columns[1:5])


def _gains(result: Mapping[str, Any]) -> None:
    """Print what each position gains or loses in the scenario that decides its group's margin."""
    currency, positions = result["currency"], result["positions"]
    rows = [
        (
            str(one["id"]),
            str(one.get("group") or one.get("combined_commodity")),
            money(one["profit_and_loss"], currency),
        )
        for one in islice(positions, _POSITIONS_SHOWN)
    ]
    hidden = len(positions) - len(rows)
    title = f"Positions, the first {_POSITIONS_SHOWN}; {hidden:,} more with --json" if hidden else "Positions"
    columns = ("id", "group", "profit in the worst scenario")
    print_table(title, columns, rows, right=columns[2:])


def _prices(result: Mapping[str, Any]) -> None:
    positions = result["positions"]
    figures = ("price", "delta", "gamma", "vega", "theta", "rho")
    rows = [
        (str(one["id"]), str(one["currency"]), *(f"{one[figure]:,.6g}" for figure in figures), f"{one['value']:,.2f}")
        for one in islice(positions, _POSITIONS_SHOWN)
    ]
    hidden = len(positions) - len(rows)
    title = f"Prices, the first {_POSITIONS_SHOWN}; {hidden:,} more with --json" if hidden else "Prices"
    value = f"value in {result['currency']}"
    print_table(title, ("id", "in", *figures, value), rows, right=(*figures, value))


def _position(position: Mapping[str, Any], currency: str) -> Sequence[str]:
    volatility = position.get("volatility")
    return (
        str(position["id"]),
        money(position.get("initial_margin"), currency),
        money(position.get("maintenance_margin"), currency),
        money(position.get("variation_margin"), currency),
        percent(volatility),
        str(position.get("volatility_source", "-")),
    )
