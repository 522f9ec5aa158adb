"""CRIF rows as columns: what SIMM and the schedule model take in place of positions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compute.portfolio import Floats, Labels

PRODUCT_CLASSES = ("RatesFX", "Credit", "Equity", "Commodity")
TENORS = ("2w", "1m", "3m", "6m", "1y", "2y", "3y", "5y", "10y", "15y", "20y", "30y")
UNSPECIFIED = "Unspecified"

LABEL_COLUMNS = (
    "netting_set",
    "product_class",
    "risk_type",
    "qualifier",
    "bucket",
    "label1",
    "label2",
    "collect_regulations",
    "post_regulations",
)


@dataclass(frozen=True, kw_only=True)
class Sensitivities:
    """CRIF rows in file order, n of them, validated by `compute.margin.simm.checks`.

    Parameters
    ----------
    labels
        The text columns named in `LABEL_COLUMNS`, spelled as in the CRIF; code -1 where a cell is empty.
    amount
        Shape (n,), in USD; factors and multipliers of `Param_*` rows are plain numbers.
    """

    labels: Mapping[str, Labels]
    amount: Floats

    def __len__(self) -> int:
        return self.amount.size

    @property
    def netting_sets(self) -> tuple[str, ...]:
        """The netting sets in order of first appearance."""
        return self.labels["netting_set"].values

    def document(self) -> dict[str, Any]:
        """Return the vocabularies; `from_parts` reads them back."""
        return {name: list(labels.values) for name, labels in self.labels.items()}

    def tables(self) -> dict[str, dict[str, Any]]:
        """Return the columns as `storage.columns.pack` takes them."""
        return {
            "codes": {name: labels.codes for name, labels in self.labels.items()},
            "numbers": {"amount": self.amount},
        }

    @classmethod
    def from_parts(cls, document: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> "Sensitivities":
        """Rebuild sensitivities from `document()` and `tables()`."""
        labels = {
            name: Labels(codes=np.asarray(codes, dtype=np.int32), values=tuple(document[name]))
            for name, codes in tables["codes"].items()
        }
        return cls(labels=labels, amount=np.asarray(tables["numbers"]["amount"], dtype=np.float64))
