"""The parameters of the margin models; nothing here needs a compiler."""

from compute.margin.reg_t import tables as reg_t_tables
from compute.margin.schedule import tables as schedule_tables
from compute.margin.simm.calibration import versions as simm_versions
from compute.margin.tables import DEFAULT_VERSION, versions
from compute.parameters import Kind, Parameter

SIMM_DEFAULT = "2.8+2506"

OPTIMISE: dict[str, Parameter] = {
    "model": Parameter(kind=Kind.TEXT, default="house", doc="The margin model.", choices=("house",)),
}

HOUSE: dict[str, Parameter] = {
    "version": Parameter(
        kind=Kind.TEXT, default=DEFAULT_VERSION, doc="The version of the model's parameter set.", choices=versions()
    ),
    "volatility": Parameter(
        kind=Kind.TEXT,
        default="given",
        doc="Which volatility comes first: the position's own, then the set's; or that of stored prices to `as_of`.",
        choices=("given", "history"),
    ),
}

_SIDE = Parameter(
    kind=Kind.TEXT,
    default="call",
    doc="call: what we collect; post: what we post, seen from the other side.",
    choices=("call", "post"),
)
_CURRENCY = Parameter(kind=Kind.CURRENCY, default="USD", doc="The calculation currency; the answer is in it.")
_FX = Parameter(kind=Kind.RATES, default={}, doc='Rates for amounts without AmountUSD, such as {"EUR/USD": 1.08}.')

SIMM: dict[str, Parameter] = {
    "version": Parameter(
        kind=Kind.TEXT, default=SIMM_DEFAULT, doc="The ISDA SIMM version, by exact name.", choices=simm_versions()
    ),
    "mpor_days": Parameter(
        kind=Kind.INTEGER, default=10, doc="Margin period of risk in business days: 10 or 1.", minimum=1, maximum=10
    ),
    "side": _SIDE,
    "calculation_currency": _CURRENCY,
    "fx": _FX,
}

REG_T: dict[str, Parameter] = {
    "version": Parameter(
        kind=Kind.TEXT,
        default=reg_t_tables.DEFAULT_VERSION,
        doc="The version of the rules.",
        choices=reg_t_tables.versions(),
    ),
    "effort": Parameter(
        kind=Kind.TEXT,
        default="standard",
        doc="How far the cheapest pairing is proven. quick: within about 0.1 s, a gap may be left and is stated;"
        " standard: on where a second or so does it; proof: on for minutes where it is hard.",
        choices=("quick", "standard", "proof"),
    ),
}

SCHEDULE: dict[str, Parameter] = {
    "version": Parameter(
        kind=Kind.TEXT,
        default=schedule_tables.DEFAULT_VERSION,
        doc="The version of the schedule.",
        choices=schedule_tables.versions(),
    ),
    "side": _SIDE,
    "calculation_currency": _CURRENCY,
    "fx": _FX,
}
