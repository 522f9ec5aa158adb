"""Open Source Risk Engine's SIMM by its Python package: the same CRIF text in, totals by netting set out."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import ORE

_VERSIONS = {"2.6": ORE.SimmConfiguration_ISDA_V2_6, "2.8+2506": ORE.SimmConfiguration_ISDA_V2_8_2506}
_NAMED = {
    "Risk_Equity": ORE.CrifRecord.RiskType_Equity,
    "Risk_EquityVol": ORE.CrifRecord.RiskType_EquityVol,
    "Risk_CreditQ": ORE.CrifRecord.RiskType_CreditQ,
    "Risk_CreditVol": ORE.CrifRecord.RiskType_CreditVol,
    "Risk_CreditNonQ": ORE.CrifRecord.RiskType_CreditNonQ,
    "Risk_CreditVolNonQ": ORE.CrifRecord.RiskType_CreditVolNonQ,
    "Risk_Commodity": ORE.CrifRecord.RiskType_Commodity,
    "Risk_CommodityVol": ORE.CrifRecord.RiskType_CommodityVol,
}
_SIDES = {"call": ORE.SimmConfiguration.SimmSide_Call, "post": ORE.SimmConfiguration.SimmSide_Post}


class Peer:
    """One file, prepared: what is timed is `run`, ORE's own calls to load and to calculate both sides.

    Its bucket mapper is filled here, untimed: the binding cannot let the loader do it.
    """

    def __init__(self, text: str, *, version: str, mpor_days: int = 10) -> None:
        rows = list(csv.DictReader(io.StringIO(text)))
        self.netting_sets = tuple(dict.fromkeys(row["PortfolioID"] for row in rows))
        mapper = ORE.SimmBucketMapperBase()
        seen = {(_NAMED[row["RiskType"]], row["Qualifier"], row["Bucket"]) for row in rows if row["RiskType"] in _NAMED}
        for risk_type, qualifier, bucket in sorted(seen):
            mapper.addMapping(risk_type, qualifier, bucket)
        self._configuration = _VERSIONS[version](mapper, mpor_days)
        self._text = _tabs(text)

    def run(self) -> Any:
        """Load and calculate; returns ORE's calculator."""
        crif = ORE.Crif()
        crif.setCsvLoaderConfig(self._configuration)
        crif.fromCSVString(self._text)
        return ORE.SimmCalculator(crif, self._configuration)

    def totals(self, side: str) -> Mapping[str, float]:
        """Return the final margin of each netting set, worst of its regulations, in USD."""
        calculator = self.run()
        return {name: _total(calculator, name, side) for name in self.netting_sets}


def _total(calculator: Any, netting_set: str, side: str) -> float:
    found = calculator.finalSimmResults(_SIDES[side], ORE.NettingSetDetails(netting_set)).second
    every = (ORE.CrifRecord.ProductClass_All, ORE.SimmConfiguration.RiskClass_All, ORE.SimmConfiguration.MarginType_All)
    return float(found.get(*every, "All"))


def _tabs(text: str) -> str:
    """Return the rows as ORE's loader takes them by default."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, escapechar="\\")
    writer.writerows(csv.reader(io.StringIO(text)))
    return out.getvalue()
