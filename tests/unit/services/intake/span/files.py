"""Synthetic SPAN files in the elements of file format 4.00, with figures of our own; no exchange's file is copied.

The layout is that which public readers of real files agree on: open-source parsers of the files of Takasbank, NSE
Clearing and KDPW (spanFile/pointInTime/clearingOrg with exchange/futPf/fut/ra/a, ccDef/dSpread/tLeg and pLeg, somTiers,
spotRate, interSpreads), and, for what stands in the arrays, CME's description of its positional formats.
"""

from collections.abc import Sequence

PRICE = (0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3)
"""Of the scenarios, in thirds of the range; then come the two extremes, 2 ranges of which 35 % count."""


def losses(price_range: float) -> list[float]:
    """Return what one long future loses in the sixteen scenarios."""
    return [*(-move / 3 * price_range for move in PRICE), -0.7 * price_range, 0.7 * price_range]


def array(values: Sequence[float], delta: float) -> str:
    inner = "".join(f"<a>{value!r}</a>" for value in values)
    return f"<ra><r>1</r>{inner}<d>{delta}</d></ra>"


def future(number: int, month: str, price_range: float) -> str:
    return f"<fut><cId>{number}</cId><pe>{month}</pe><p>4.5</p><cvf>5000</cvf>{array(losses(price_range), 1.0)}</fut>"


def futures(number: int, code: str, *contracts: str, currency: str = "USD") -> str:
    return (
        f"<futPf><pfId>{number}</pfId><pfCode>{code}</pfCode><currency>{currency}</currency>"
        f"<valueMeth>FUT</valueMeth>{''.join(contracts)}</futPf>"
    )


def options(number: int, code: str, under: int, *strikes: float) -> str:
    """Return a portfolio of calls on contract 2 of the futures `under`, which lose 40 at worst when short."""
    found = "".join(f"<opt><cId>{k}</cId><o>C</o><k>{strike:.6f}</k><p>10</p>{array([-4.0] * 16, 0.5)}</opt>"
                    for k, strike in enumerate(strikes))  # fmt: skip
    series = (
        f"<series><pe>202504</pe><undC><exch>CBT</exch><pfId>{under}</pfId><cId>2</cId></undC>"
        f"<scanRate><r>1</r><priceScan>1000</priceScan><volScan>0.06</volScan></scanRate>{found}</series>"
    )
    return (
        f"<oofPf><pfId>{number}</pfId><pfCode>{code}</pfCode><exercise>AMER</exercise><currency>USD</currency>"
        f"<valueMeth>EQTY</valueMeth>{series}</oofPf>"
    )


def leg(kind: str, commodity: str, place: str, side: str, deltas: float = 1.0) -> str:
    tag = "tn" if kind == "tLeg" else "pe"
    return f"<{kind}><cc>{commodity}</cc><{tag}>{place}</{tag}><rs>{side}</rs><i>{deltas}</i></{kind}>"


def spread(priority: int, rate: float, *legs: str, method: str = "F") -> str:
    return (
        f"<dSpread><spread>{priority}</spread><chargeMeth>{method}</chargeMeth>"
        f"<rate><r>2</r><val>99999</val></rate><rate><r>1</r><val>{rate}</val></rate>{''.join(legs)}</dSpread>"
    )


def commodity(name: str, *parts: str, links: Sequence[int], minimum: float = 0.0, currency: str = "USD") -> str:
    linked = "".join(f"<pfLink><exch>CBT</exch><pfId>{number}</pfId><sc>1.0</sc></pfLink>" for number in links)
    som = f"<somTiers><tier><tn>1</tn><rate><r>1</r><val>{minimum}</val></rate></tier></somTiers>"
    return (
        f"<ccDef><cc>{name}</cc><currency>{currency}</currency><somMeth>GROSS</somMeth>"
        f"{linked}{som}{''.join(parts)}</ccDef>"
    )


def tiers(*spans: tuple[str, str]) -> str:
    inner = "".join(
        f"<tier><tn>{number}</tn><sPe>{first}</sPe><ePe>{last}</ePe></tier>"
        for number, (first, last) in enumerate(spans, 1)
    )
    return f"<intraTiers>{inner}</intraTiers>"


def spot(month: str, per_spread: float, per_outright: float) -> str:
    return f"<spotRate><r>1</r><pe>{month}</pe><sprd>{per_spread}</sprd><outr>{per_outright}</outr></spotRate>"


def document(portfolios: str, commodities: str, between: str = "", *, head: str = '<?xml version="1.0"?>') -> bytes:
    return (
        f"{head}<spanFile><fileFormat>4.00</fileFormat><created>202501021700</created>"
        "<definitions><currencyDef><currency>USD</currency></currencyDef></definitions>"
        "<pointInTime><date>20250102</date><isSetl>1</isSetl><clearingOrg><ec>CME</ec><isContractScale>0</isContractScale>"
        f"<exchange><exch>CBT</exch>{portfolios}</exchange>{commodities}<interSpreads>{between}</interSpreads>"
        "</clearingOrg></pointInTime></spanFile>"
    ).encode()


def grains() -> bytes:
    """Return the exchange of the worked example in docs/models/span.md."""
    months = ("202503", "202505", "202512")
    corn = futures(1, "ZC", *(future(number, month, 1000.0) for number, month in enumerate(months, 1)))
    beans = futures(2, "ZS", future(1, "202503", 2500.0))
    near, far = tiers(("202503", "202505"), ("202512", "202512")), spot("202503", 10, 25)
    inner = spread(1, 150, leg("tLeg", "CORN", "1", "A"), leg("tLeg", "CORN", "1", "B"))
    outer = spread(2, 250, leg("tLeg", "CORN", "1", "A"), leg("tLeg", "CORN", "2", "B"))
    between = spread(1, 0.65, leg("tLeg", "CORN", "1", "A", 2.0), leg("tLeg", "SOY", "1", "B"), method="P")
    commodities = commodity("CORN", near, outer, inner, far, links=(1, 3), minimum=15) + commodity("SOY", links=(2,))
    return document(corn + beans + options(3, "OZC", 1, 450.0, 460.5), commodities, between)
