"""A made-up CRIF of every risk type, seeded: rows of many trades that net to about half as many risk factors."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from compute.margin.simm.vocabulary import CREDIT_TENORS, PRODUCT_CLASSES, SUBCURVES, TENORS

HEADER = (
    "TradeID,PortfolioID,ProductClass,RiskType,Qualifier,Bucket,Label1,Label2,collect_regulations,post_regulations"
    ",Amount,AmountCurrency,AmountUSD"
)
MAJOR = ("USD", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "SEK", "NOK", "DKK", "NZD", "HKD")
QUOTED = (*MAJOR, "SGD", "KRW", "TWD", "CNY", "INR", "BRL")
CURRENCIES = (*QUOTED, "MXN", "ZAR", "TRY", "PLN", "CZK", "HUF", "ILS", "THB", "IDR", "RUB", "ARS")
REGULATIONS = ("CFTC", "ESA", "SEC", "USPR", "[CFTC,SEC]", "[ESA,USPR]", "Excluded", "")
_AMOUNTS = {"IR": 4e5, "Basis": 1e5, "Vol": 3e6, "Credit": 2e5, "NonQ": 1e5, "Base": 3e4, "Spot": 3e6}


@dataclass(frozen=True, kw_only=True)
class Cells:
    """What makes one risk factor."""

    qualifier: str
    bucket: str = ""
    label1: str = ""
    label2: str = ""


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """One risk type: its share of the rows, how its factors are drawn, its usual product class, its amounts."""

    share: float
    draw: Callable[[np.random.Generator], Cells]
    home: str
    scale: str
    abroad: float = 0.0  # how many of its rows belong to another product class


def _pick(rng: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))]


def _currency(rng: np.random.Generator) -> Cells:
    return Cells(qualifier=_pick(rng, CURRENCIES))


def _curve(rng: np.random.Generator) -> Cells:
    label2 = _pick(rng, SUBCURVES)
    return Cells(qualifier=_pick(rng, QUOTED), bucket="1", label1=_pick(rng, TENORS), label2=label2)


def _rate_volatility(rng: np.random.Generator) -> Cells:
    return Cells(qualifier=_pick(rng, QUOTED), label1=_pick(rng, TENORS))


def _pair(rng: np.random.Generator) -> Cells:
    first, second = rng.choice(len(CURRENCIES), 2, replace=False)
    return Cells(qualifier=CURRENCIES[first] + CURRENCIES[second], label1=_pick(rng, TENORS))


def _names(
    prefix: str, count: int, buckets: int, *, residual: bool = True, tenors: Sequence[str] = (), groups: int = 0
) -> Callable[[np.random.Generator], Cells]:
    """Draw from `count` names, each in one bucket; `groups` are Label2's of tranches."""

    def draw(rng: np.random.Generator) -> Cells:
        number = int(rng.integers(count))
        bucket = number % (buckets + residual)
        return Cells(
            qualifier=f"{prefix}{number}",
            bucket="Residual" if bucket == buckets else str(bucket + 1),
            label1=_pick(rng, tenors) if tenors else "",
            label2=f"CMBX{number % groups}" if groups else "",
        )

    return draw


def _index(rng: np.random.Generator) -> Cells:
    return Cells(qualifier=f"INDEX{int(rng.integers(12))}")


_KINDS: dict[str, _Kind] = {
    "Risk_IRCurve": _Kind(share=0.22, draw=_curve, home="RatesFX", scale="IR", abroad=0.1),
    "Risk_Inflation": _Kind(share=0.01, draw=_currency, home="RatesFX", scale="Basis"),
    "Risk_XCcyBasis": _Kind(share=0.01, draw=_currency, home="RatesFX", scale="Basis"),
    "Risk_IRVol": _Kind(share=0.06, draw=_rate_volatility, home="RatesFX", scale="Vol"),
    "Risk_InflationVol": _Kind(share=0.02, draw=_rate_volatility, home="RatesFX", scale="Vol"),
    "Risk_FX": _Kind(share=0.08, draw=_currency, home="RatesFX", scale="Spot", abroad=0.3),
    "Risk_FXVol": _Kind(share=0.08, draw=_pair, home="RatesFX", scale="Vol"),
    "Risk_CreditQ": _Kind(
        share=0.14, draw=_names("ISIN:CQ", 140, 12, tenors=CREDIT_TENORS), home="Credit", scale="Credit"
    ),
    "Risk_CreditVol": _Kind(
        share=0.03, draw=_names("ISIN:CQ", 40, 12, tenors=CREDIT_TENORS), home="Credit", scale="Credit"
    ),
    "Risk_CreditNonQ": _Kind(
        share=0.03, draw=_names("ISIN:NQ", 40, 2, tenors=CREDIT_TENORS, groups=9), home="Credit", scale="NonQ"
    ),
    "Risk_CreditVolNonQ": _Kind(
        share=0.01, draw=_names("ISIN:NQ", 20, 2, tenors=CREDIT_TENORS, groups=9), home="Credit", scale="NonQ"
    ),
    "Risk_BaseCorr": _Kind(share=0.01, draw=_index, home="Credit", scale="Base"),
    "Risk_Equity": _Kind(share=0.12, draw=_names("ISIN:EQ", 700, 12), home="Equity", scale="Spot"),
    "Risk_EquityVol": _Kind(share=0.1, draw=_names("ISIN:EQ", 120, 12, tenors=TENORS), home="Equity", scale="Vol"),
    "Risk_Commodity": _Kind(
        share=0.04, draw=_names("Commodity ", 120, 17, residual=False), home="Commodity", scale="Spot"
    ),
    "Risk_CommodityVol": _Kind(
        share=0.04, draw=_names("Commodity ", 40, 17, residual=False, tenors=TENORS), home="Commodity", scale="Vol"
    ),
}


def generate(count: int, *, seed: int, netting_sets: int = 1, regulated: bool = False, scale: float = 1.0) -> str:
    """Return a CRIF of `count` sensitivities as comma-separated text; `scale` multiplies every amount."""
    rng = np.random.default_rng(seed)
    shares = np.array([kind.share for kind in _KINDS.values()])
    names = list(_KINDS)
    drawn = [names[each] for each in rng.choice(len(names), count, p=shares / shares.sum()).tolist()]
    rows = [_row(rng, number, name, netting_sets, regulated, scale) for number, name in enumerate(drawn)]
    return "\n".join((HEADER, *rows, ""))


def _row(rng: np.random.Generator, number: int, name: str, netting_sets: int, regulated: bool, scale: float) -> str:
    kind = _KINDS[name]
    cells = kind.draw(rng)
    product = _pick(rng, PRODUCT_CLASSES) if rng.random() < kind.abroad else kind.home
    amount = f"{rng.normal(0.0, scale * _AMOUNTS[kind.scale]):.2f}"
    regulations = [_listed(rng) if regulated else "" for _ in range(2)]
    place = (f"T{number // 3}", f"P{number % netting_sets}", product, name)
    factor = (cells.qualifier, cells.bucket, cells.label1, cells.label2)
    return ",".join((*place, *factor, *regulations, amount, "USD", amount))


def _listed(rng: np.random.Generator) -> str:
    word = _pick(rng, REGULATIONS)
    return f'"{word}"' if "," in word else word
