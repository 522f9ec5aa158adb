"""Which group of a kind each position, or row of a CRIF, is in."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.analysis.explain.request import ALL
from compute.crif import Crif
from compute.errors import InputError
from compute.margin.instruments import Integers
from compute.measure import Book
from compute.portfolio import Labels, Portfolio

NONE = "(none)"
"""The group of what has no text of a kind."""

USUAL_OF_POSITIONS = ("asset_class", "underlying", "sector", "instrument")
USUAL_OF_SENSITIVITIES = ("risk_class", "bucket", "product_class", "netting_set")
USUAL_OF_TRADES = ("product_class", "netting_set")

RISK_CLASSES = {
    "Risk_IRCurve": "interest_rate",
    "Risk_Inflation": "interest_rate",
    "Risk_XCcyBasis": "interest_rate",
    "Risk_IRVol": "interest_rate",
    "Risk_InflationVol": "interest_rate",
    "Risk_CreditQ": "credit_qualifying",
    "Risk_CreditVol": "credit_qualifying",
    "Risk_BaseCorr": "credit_qualifying",
    "Risk_CreditNonQ": "credit_non_qualifying",
    "Risk_CreditVolNonQ": "credit_non_qualifying",
    "Risk_Equity": "equity",
    "Risk_EquityVol": "equity",
    "Risk_Commodity": "commodity",
    "Risk_CommodityVol": "commodity",
    "Risk_FX": "fx",
    "Risk_FXVol": "fx",
}
"""Risk type to risk class; what is in none is an add-on."""
ADD_ON = "add_on"
_BY_CURRENCY = ("interest_rate",)
_UNBUCKETED = ("fx", ADD_ON)


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """The groups of one kind: `names` of m groups, and `of`, shape (n,), the group of each position."""

    kind: str
    names: tuple[str, ...]
    of: Integers

    def members(self, group: int) -> NDArray[np.bool_]:
        """Return where positions are in a group, shape (n,)."""
        return np.equal(self.of, group)


def groupings(book: Book, model: str, group_by: str) -> list[Grouping]:
    """Return the groups of one kind, or of the usual kinds that the book has.

    Raises
    ------
    InputError
        A kind is asked for and no position is in any group of it.
    """
    usual: tuple[str, ...] = USUAL_OF_POSITIONS
    if isinstance(book, Crif):
        usual = USUAL_OF_SENSITIVITIES if model == "simm" else USUAL_OF_TRADES
    wanted = usual if group_by == ALL else (group_by,)
    found = [_grouping(book, kind) for kind in wanted]
    if group_by != ALL and len(book) and found[0] is None:
        raise InputError(
            f"Nothing in the book has a {group_by} to group by.",
            pointer="/parameters/group_by",
            remedy="Leave `group_by` out, or give the book that column.",
        )
    return [one for one in found if one is not None]


def _grouping(book: Book, kind: str) -> Grouping | None:
    texts = _texts(book, kind)
    codes = texts.codes.astype(np.int64)
    if not (codes >= 0).any():
        return None
    present, of = np.unique(np.where(codes < 0, len(texts.values), codes), return_inverse=True)
    values = (*texts.values, NONE)
    return Grouping(kind=kind, names=tuple(values[code] for code in present.tolist()), of=of.astype(np.int64))


def _texts(book: Book, kind: str) -> Labels:
    if isinstance(book, Portfolio):
        return _underlyings(book) if kind == "underlying" else book.labels.get(kind, _nothing(len(book)))
    special: dict[str, Callable[[Crif], Labels]] = {"risk_class": _risk_classes, "bucket": _buckets}
    return special[kind](book) if kind in special else book.column(kind)


def _nothing(count: int) -> Labels:
    return Labels(codes=np.full(count, -1, dtype=np.int32), values=())


def _underlyings(book: Portfolio) -> Labels:
    """Return each position's underlying, its symbol where it names none."""
    named, symbols = book.labels.get("underlying", _nothing(len(book))), book.labels["symbol"]
    known = {value: code for code, value in enumerate(symbols.values)}
    places = np.array([*(known.setdefault(value, len(known)) for value in named.values), -1], dtype=np.int32)
    given = places[named.codes]
    return Labels(codes=np.where(given < 0, symbols.codes, given).astype(np.int32), values=tuple(known))


def _risk_classes(crif: Crif) -> Labels:
    types = crif.labels["risk_type"]
    texts = Labels.of(RISK_CLASSES.get(value, ADD_ON) for value in types.values)
    return Labels(codes=texts.codes[types.codes], values=texts.values)


def _buckets(crif: Crif) -> Labels:
    """Return risk class and bucket; the bucket of rates is the currency."""
    classes, buckets, names = _risk_classes(crif), crif.column("bucket"), crif.column("qualifier")
    keys = np.stack([classes.codes, buckets.codes, names.codes], axis=1)
    rates = np.isin(classes.codes, [code for code, value in enumerate(classes.values) if value in _BY_CURRENCY])
    without = np.isin(classes.codes, [code for code, value in enumerate(classes.values) if value in _UNBUCKETED])
    keys[rates | without, 1] = -1
    keys[~rates, 2] = -1
    distinct, of = np.unique(keys, axis=0, return_inverse=True)
    return Labels(
        codes=of.reshape(-1).astype(np.int32),
        values=tuple(
            " ".join(part for part in (classes.values[one], _at(buckets, bucket), _at(names, name)) if part)
            for one, bucket, name in distinct.tolist()
        ),
    )


def _at(labels: Labels, code: int) -> str:
    return labels.values[code] if code >= 0 else ""
