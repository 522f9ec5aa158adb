"""The rows of a CRIF as text again: what `services.intake` reads back into the same columns."""

import csv
import io
from collections.abc import Sequence

from compute.crif import Crif

_TITLES = {
    "netting_set": "PortfolioID",
    "trade": "TradeID",
    "im_model": "IMModel",
    "product_class": "ProductClass",
    "risk_type": "RiskType",
    "qualifier": "Qualifier",
    "bucket": "Bucket",
    "label1": "Label1",
    "label2": "Label2",
    "valuation_date": "ValuationDate",
    "end_date": "EndDate",
    "collect_regulations": "CollectRegulations",
    "post_regulations": "PostRegulations",
}


def crif_text(crif: Crif) -> str:
    """Return rows with their amounts in USD at full precision, each dated, so that no clock is asked again."""
    texts = {name: crif.column(name).texts() for name in _TITLES if name in crif.labels or name == "valuation_date"}
    texts["valuation_date"] = [day or crif.as_of.isoformat() for day in texts["valuation_date"]]
    columns: list[Sequence[str | None]] = [*texts.values(), [repr(amount) for amount in crif.amount.tolist()]]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow([*(_TITLES[name] for name in texts), "AmountUSD"])
    writer.writerows(zip(*columns, strict=True))
    return written.getvalue()
