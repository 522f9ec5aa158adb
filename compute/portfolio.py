"""A portfolio as frozen columns of shape (n,), validated once by `services.intake`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]


@dataclass(frozen=True, kw_only=True)
class Labels:
    """A text column: `values[codes[i]]` is the text of position i, code -1 means that it has none.

    Parameters
    ----------
    codes
        Shape (n,), int32, each in [-1, len(values)).
    values
        The distinct texts, in order of first appearance.
    """

    codes: Codes
    values: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> "Labels":
        """Encode texts in order; None becomes code -1."""
        index: dict[str, int] = {}
        codes = [-1 if text is None else index.setdefault(text, len(index)) for text in texts]
        return cls(codes=np.array(codes, dtype=np.int32), values=tuple(index))

    @cached_property
    def code_of(self) -> Mapping[str, int]:
        """The code of each text."""
        return {value: code for code, value in enumerate(self.values)}

    @cached_property
    def first_row(self) -> Mapping[str, int]:
        """The first row of each text that stands in any."""
        codes, rows = np.unique(self.codes, return_index=True)
        return {self.values[code]: row for code, row in zip(codes.tolist(), rows.tolist(), strict=True) if code >= 0}

    def texts(self) -> list[str | None]:
        """Return the column as one text (or None) a position, length n."""
        lookup: list[str | None] = [*self.values, None]
        return [lookup[code] for code in self.codes.tolist()]

    def mask(self, text: str) -> NDArray[np.bool_]:
        """Return where the column equals a text, shape (n,)."""
        try:
            return np.equal(self.codes, self.values.index(text))
        except ValueError:
            return np.zeros(self.codes.shape, dtype=np.bool_)


@dataclass(frozen=True, kw_only=True)
class Portfolio:
    """Positions as columns, in the order given.

    Parameters
    ----------
    ids
        Position ids, unique, length n.
    labels
        Text columns. Always there: `symbol`, `asset_class` (lower case), `currency`. Others only where some position
        has one: `sector`, `country`, `instrument`, `underlying`, `option_type`, `exercise`, `expiry`, `maturity`
        (ISO dates), `index_class`, `issuer`, `rating`.
    numbers
        Numeric columns, shape (n,), float64. Always there and finite: `quantity` (units, long positive), `price` (per
        unit, in the position's currency), `multiplier`. Others only where some position has one, NaN where it has none:
        `settlement_price`, `duration`, `convexity`, `implied_volatility`, `delta`, `gamma`, `theta`, `vega`, `strike`,
        `underlying_price`, `leverage`, `coupon`, `beta`, `average_daily_volume`, `bid_ask_bp`, `dividend_yield`.
    currency
        Base currency: every amount of a result is in it.
    available_cash
        In the base currency; the denominator of utilisation where no other collateral is given.
    collateral
        Collateral type to amount in the base currency, before haircut.
    fx
        `"EUR/USD": 1.08`: units of the second currency for one of the first.
    rates
        Currency to continuous rate, decimal per year.
    notes
        What reading a file of positions found worth saying, JSON-safe: it goes into every result. Empty for JSON.
    """

    id: str
    name: str
    currency: str
    as_of: date
    ids: tuple[str, ...]
    labels: Mapping[str, Labels]
    numbers: Mapping[str, Floats]
    available_cash: float = 0.0
    collateral: Mapping[str, float] = field(default_factory=dict)
    fx: Mapping[str, float] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    account_type: str | None = None
    leverage_ratio: float | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """The row of each position's id."""
        return {each: row for row, each in enumerate(self.ids)}

    def number(self, name: str, default: float) -> Floats:
        """Return a numeric column with `default` where a position has none, shape (n,)."""
        column = self.numbers.get(name)
        if column is None:
            return np.full(len(self), default)
        return np.where(np.isnan(column), default, column)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Portfolio":
        """Return the portfolio of some positions, by index or by mask, in that order; all else stays the same."""
        index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        return replace(
            self,
            ids=tuple(map(self.ids.__getitem__, index.tolist())),
            labels={
                name: Labels(codes=labels.codes[index], values=labels.values) for name, labels in self.labels.items()
            },
            numbers={name: column[index] for name, column in self.numbers.items()},
        )

    def position(self, row: int) -> dict[str, Any]:
        """Return one position in the wire's words: what it has, and nothing for what it has not."""
        texts = {
            name: labels.values[labels.codes[row]] for name, labels in self.labels.items() if labels.codes[row] >= 0
        }
        numbers = {name: float(column[row]) for name, column in self.numbers.items() if not np.isnan(column[row])}
        return {"id": self.ids[row], **texts, **numbers}

    def document(self) -> dict[str, Any]:
        """Return what is not a column, as JSON-safe values; `from_parts` reads it back."""
        return {
            "id": self.id,
            "name": self.name,
            "currency": self.currency,
            "as_of": self.as_of.isoformat(),
            "available_cash": self.available_cash,
            "collateral": dict(self.collateral),
            "fx": dict(self.fx),
            "rates": dict(self.rates),
            "account_type": self.account_type,
            "leverage_ratio": self.leverage_ratio,
            "vocabularies": {name: list(labels.values) for name, labels in self.labels.items()},
            **({"notes": dict(self.notes)} if self.notes else {}),
        }

    def tables(self) -> dict[str, dict[str, Any]]:
        """Return the columns as `storage.columns.pack` takes them: ids, numbers, and the codes of the labels."""
        return {
            "ids": {"id": self.ids},
            "numbers": dict(self.numbers),
            "codes": {name: labels.codes for name, labels in self.labels.items()},
        }

    @classmethod
    def from_parts(cls, document: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> "Portfolio":
        """Rebuild a portfolio from `document()` and `tables()`."""
        fields = {name: value for name, value in document.items() if name != "vocabularies"}
        vocabularies = document["vocabularies"]
        return cls(
            **{**fields, "as_of": date.fromisoformat(document["as_of"])},
            ids=tuple(tables["ids"]["id"]),
            numbers=dict(tables["numbers"]),
            labels={
                name: Labels(codes=codes, values=tuple(vocabularies[name])) for name, codes in tables["codes"].items()
            },
        )
