"""The words of a CRIF that SIMM understands: product classes, tenors, risk types and what each of these needs."""

from dataclasses import dataclass

PRODUCT_CLASSES = ("RatesFX", "Credit", "Equity", "Commodity")
TENORS = ("2w", "1m", "3m", "6m", "1y", "2y", "3y", "5y", "10y", "15y", "20y", "30y")
CREDIT_TENORS = ("1y", "2y", "3y", "5y", "10y")
SUBCURVES = ("OIS", "Libor1m", "Libor3m", "Libor6m", "Libor12m", "Prime", "Municipal")
RESIDUAL = "Residual"


@dataclass(frozen=True, kw_only=True)
class RiskType:
    """What a row of a risk type must hold.

    Parameters
    ----------
    qualifier
        `currency`, `pair`, `product_class`, `text`, or empty where none is needed.
    buckets
        How many numbered buckets there are; 0 where the bucket is not read.
    residual
        Whether `Residual` is a bucket too.
    bucket_optional
        True where the version's own table decides, so that a file may leave the bucket out.
    label1, label2
        The allowed texts; empty where the label is not read, None where any text will do but one is needed.
    parameter
        True for rows that are no sensitivities: they need no product class.
    """

    qualifier: str = "text"
    buckets: int = 0
    residual: bool = False
    bucket_optional: bool = False
    label1: tuple[str, ...] = ()
    label2: tuple[str, ...] | None = ()
    parameter: bool = False


RISK_TYPES: dict[str, RiskType] = {
    "Risk_IRCurve": RiskType(qualifier="currency", buckets=3, bucket_optional=True, label1=TENORS, label2=SUBCURVES),
    "Risk_Inflation": RiskType(qualifier="currency"),
    "Risk_XCcyBasis": RiskType(qualifier="currency"),
    "Risk_IRVol": RiskType(qualifier="currency", label1=TENORS),
    "Risk_InflationVol": RiskType(qualifier="currency", label1=TENORS),
    "Risk_CreditQ": RiskType(buckets=12, residual=True, label1=CREDIT_TENORS),
    "Risk_CreditVol": RiskType(buckets=12, residual=True, label1=CREDIT_TENORS),
    "Risk_BaseCorr": RiskType(),
    "Risk_CreditNonQ": RiskType(buckets=2, residual=True, label1=CREDIT_TENORS, label2=None),
    "Risk_CreditVolNonQ": RiskType(buckets=2, residual=True, label1=CREDIT_TENORS, label2=None),
    "Risk_Equity": RiskType(buckets=12, residual=True),
    "Risk_EquityVol": RiskType(buckets=12, residual=True, label1=TENORS),
    "Risk_Commodity": RiskType(buckets=17),
    "Risk_CommodityVol": RiskType(buckets=17, label1=TENORS),
    "Risk_FX": RiskType(qualifier="currency"),
    "Risk_FXVol": RiskType(qualifier="pair", label1=TENORS),
    "Param_ProductClassMultiplier": RiskType(qualifier="product_class", parameter=True),
    "Param_AddOnFixedAmount": RiskType(qualifier="", parameter=True),
    "Param_AddOnNotionalFactor": RiskType(parameter=True),
    "Notional": RiskType(parameter=True),
}
