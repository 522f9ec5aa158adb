"""CRIF rows of one risk class as integer columns: segments, names, buckets, tenors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from compute.crif import Crif
from compute.margin.simm.aggregation import Integers
from compute.margin.simm.vocabulary import PRODUCT_CLASSES, RESIDUAL, TENORS
from compute.portfolio import Floats, Labels


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows of chosen risk types, n of them; `group` says which netting set and regulation a row counts for."""

    crif: Crif
    index: Integers
    group: Integers

    def of(self, *risk_types: str) -> "Rows":
        """Return the rows of some risk types."""
        column = self.crif.labels["risk_type"]
        wanted = np.array([value in risk_types for value in column.values], dtype=np.bool_)
        return self.where(wanted[column.codes[self.index]])

    def where(self, mask: NDArray[np.bool_]) -> "Rows":
        """Return the rows under a mask of shape (n,)."""
        return Rows(crif=self.crif, index=self.index[mask], group=self.group[mask])

    def __len__(self) -> int:
        return self.index.size

    @property
    def amount(self) -> Floats:
        """Amounts, shape (n,)."""
        return self.crif.amount[self.index]

    @property
    def segment(self) -> Integers:
        """Group and product class as one number: 4 · group + class."""
        return self.group * len(PRODUCT_CLASSES) + self._looked_up("product_class", PRODUCT_CLASSES)

    @property
    def tenor(self) -> Integers:
        """Index of Label1 in `TENORS`."""
        return self._looked_up("label1", TENORS)

    def bucket(self, residual: int) -> Integers:
        """Bucket from 0; `residual` for the residual one."""
        column = self.crif.column("bucket")
        numbers = [residual if value == RESIDUAL else int(value) - 1 for value in column.values]
        return np.array(numbers, dtype=np.int64)[column.codes[self.index]]

    def codes(self, name: str) -> Integers:
        """Codes of a text column, equal where the text is."""
        return self.crif.column(name).codes[self.index].astype(np.int64)

    def values(self, name: str) -> tuple[str, ...]:
        """Return the texts that `codes` index."""
        return self.crif.column(name).values

    def is_type(self, risk_type: str) -> NDArray[np.bool_]:
        """Where a row is of one risk type."""
        return self.crif.labels["risk_type"].mask(risk_type)[self.index]

    def texts(self, name: str) -> list[str | None]:
        """Return a text column of these rows; only for the few rows that are no sensitivities."""
        column = self.crif.column(name)
        return Labels(codes=column.codes[self.index], values=column.values).texts()

    def _looked_up(self, name: str, known: tuple[str, ...]) -> Integers:
        column = self.crif.column(name)
        position = {value: index for index, value in enumerate(known)}
        lookup = np.array([position.get(value, -1) for value in column.values], dtype=np.int64)
        return lookup[column.codes[self.index]] if lookup.size else np.empty(0, np.int64)
