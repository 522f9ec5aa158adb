"""The contracts of a SPAN file: names, months and risk arrays."""

from collections.abc import Collection
from dataclasses import dataclass, field

from services.intake.span.figures import at_rate, figure, number, refuse
from services.intake.span.records import Record

SCENARIOS = 16

Key = tuple[str, str]
"""Exchange and number of a portfolio of contracts."""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A contract of the file: `under` is the underlying future's key and number, for options on futures."""

    symbol: str
    portfolio: Key
    month: str
    under: tuple[Key, str] | None
    scale: float
    values: list[float]
    delta: float
    currency: str | None
    futures_style: bool
    option: bool
    line: int


@dataclass(kw_only=True)
class Found:
    """What has been read so far; `wanted` is None where all contracts are."""

    wanted: Collection[str] | None
    contracts: dict[str, Contract] = field(default_factory=dict)
    months: dict[tuple[Key, str], str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Take a contract that has just been read."""
        portfolio = _portfolio(record)
        key = _key(portfolio)
        own = record.get("pe") or _outer(record, "series", "pe") or ""
        self.months[key, record.get("cId") or ""] = own
        symbol = _symbol(portfolio.get("pfCode") or "", record, own)
        if self.wanted is not None and symbol not in self.wanted:
            return
        if symbol in self.contracts:
            refuse(record, f"{symbol} comes more than once: at {key[0]} and at {self.contracts[symbol].portfolio[0]}")
        found = _contract(symbol, key, own, portfolio, record)
        if found is not None:
            self.contracts[symbol] = found


def _portfolio(record: Record) -> Record:
    above = record.above
    found = above.above if above is not None and above.tag == "series" else above
    if found is None or not found.tag.endswith("Pf"):
        refuse(record, f"a {record.tag} lies outside a portfolio of contracts")
    return found


def _key(portfolio: Record) -> Key:
    exchange = portfolio.around("exchange")
    return (exchange.get("exch") if exchange is not None else None) or "", portfolio.get("pfId") or ""


def _outer(record: Record, tag: str, name: str) -> str | None:
    outer = record.above
    return outer.get(name) if outer is not None and outer.tag == tag else None


def _symbol(code: str, record: Record, period: str) -> str:
    """Return the name of a contract: code, period and, of an option, right and strike."""
    if record.tag == "opt":
        return f"{code}-{period}-{record.get('o') or ''}-{number(record, 'k'):.15g}"
    return code if record.tag != "fut" else f"{code}-{period}"


def _contract(symbol: str, key: Key, own: str, portfolio: Record, record: Record) -> Contract | None:
    """Return a contract, None for one that the file has no risk array for."""
    array = at_rate(record.all("ra"))
    if array is None:
        return None
    values = [figure(one) for one in array.all("a")]
    if len(values) != SCENARIOS:
        refuse(array, f"the risk array of {symbol} has {len(values)} values, not {SCENARIOS}")
    outer = record.above if record.above is not None else record
    under = next(iter([*record.all("undC"), *outer.all("undC")]), None)
    is_on_future = record.tag == "opt" and portfolio.tag == "oofPf" and under is not None
    exchange = (under.get("exch") or key[0]) if under is not None else ""
    return Contract(
        symbol=symbol,
        portfolio=key,
        month=own or "none",
        under=((exchange, under.get("pfId") or ""), under.get("cId") or "") if under and is_on_future else None,
        scale=number(record, "sc", number(outer, "sc", 1.0)),
        values=values,
        delta=number(array, "d"),
        currency=portfolio.get("currency"),
        futures_style=(portfolio.get("valueMeth") or "").startswith("FUT"),
        option=record.tag == "opt",
        line=record.line,
    )
