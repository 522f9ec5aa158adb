"""QuantLib's figures for columns of options, one option at a time."""

import warnings
from typing import Any

import numpy as np

from compute.pricing.european import NAMES, Greeks, Options

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # SWIG types without a module, once at import
    import QuantLib as ql  # noqa: N813 - its own manual names it so

__all__ = ["COUNTER", "TODAY", "american", "american_by_tree", "bachelier", "european", "ql"]

TODAY = ql.Date(2, 1, 2024)
COUNTER = ql.Actual365Fixed()


def _option(options: Options, i: int, *, american: bool, **by: float) -> tuple[Any, Any]:
    ql.Settings.instance().evaluationDate = TODAY
    terms = {name: float(getattr(options, name)[i]) + by.get(name, 0.0) for name in Options.__dataclass_fields__}
    days = round(terms["years"] * 365)

    def flat(rate: float) -> Any:
        return ql.YieldTermStructureHandle(ql.FlatForward(TODAY, rate, COUNTER))

    vol = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(TODAY, ql.NullCalendar(), terms["vol"], COUNTER))
    spot = ql.QuoteHandle(ql.SimpleQuote(terms["spot"]))
    process = ql.BlackScholesMertonProcess(spot, flat(terms["carry"]), flat(terms["rate"]), vol)
    payoff = ql.PlainVanillaPayoff(ql.Option.Call if terms["sign"] > 0 else ql.Option.Put, terms["strike"])
    expiry = TODAY + days
    exercise = ql.AmericanExercise(TODAY, expiry) if american else ql.EuropeanExercise(expiry)
    return ql.VanillaOption(payoff, exercise), process


def european(options: Options) -> Greeks:
    """Price and greeks by the analytic engine; theta per year."""
    out = Greeks.zeros(options.spot.size)
    for i in range(options.spot.size):
        option, process = _option(options, i, american=False)
        option.setPricingEngine(ql.AnalyticEuropeanEngine(process))
        out.price[i] = option.NPV()
        for name in NAMES[1:]:
            getattr(out, name)[i] = getattr(option, name)()
    return out


def american(options: Options, **by: float) -> np.ndarray:
    """Prices by Andersen, Lake and Offengenden's engine at its high-precision scheme; `by` moves terms."""
    found = []
    for i in range(options.spot.size):
        option, process = _option(options, i, american=True, **by)
        option.setPricingEngine(ql.QdFpAmericanEngine(process, ql.QdFpAmericanEngine.highPrecisionScheme()))
        found.append(option.NPV())
    return np.array(found)


def american_by_tree(options: Options, steps: int) -> np.ndarray:
    """Prices by a fine Leisen-Reimer tree, for the rates that the other engine refuses."""
    found = []
    for i in range(options.spot.size):
        option, process = _option(options, i, american=True)
        option.setPricingEngine(ql.BinomialLRVanillaEngine(process, steps))
        found.append(option.NPV())
    return np.array(found)


def bachelier(options: Options) -> np.ndarray:
    """Prices of options on futures under a normal forward."""
    found = []
    for i in range(options.spot.size):
        kind = ql.Option.Call if options.sign[i] > 0 else ql.Option.Put
        deviation = float(options.vol[i] * np.sqrt(options.years[i]))
        discount = float(np.exp(-options.rate[i] * options.years[i]))
        terms = (float(options.strike[i]), float(options.spot[i]), deviation, discount)
        found.append(ql.bachelierBlackFormula(kind, *terms))
    return np.array(found)
