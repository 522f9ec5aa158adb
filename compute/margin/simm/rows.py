"""CRIF rows of one risk class as integer columns: segments, names, buckets, tenors."""

from dataclasses import dataclass
from functools import cached_property

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
        found = [self._by_type[name] for name in risk_types if name in self._by_type]
        return self.where(np.concatenate(found) if found else np.empty(0, np.int64))

    @cached_property
    def _by_type(self) -> dict[str, Integers]:
        """Which rows are of each risk type: sorted once, for every risk class asks for some."""
        column = self.crif.labels["risk_type"]
        codes = column.codes[self.index].astype(np.int16)  # few enough, and sorted by radix
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(column.values) + 1)).tolist()
        return {name: order[bounds[code] : bounds[code + 1]] for code, name in enumerate(column.values)}

    def where(self, rows: NDArray[np.bool_] | Integers) -> "Rows":
        """Return the rows under a mask of shape (n,), or at some positions."""
        return Rows(crif=self.crif, index=self.index[rows], group=self.group[rows])

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
        """Index of Label1 in `TENORS`; -1 where a row has none."""
        return self._looked_up("label1", TENORS)

    def bucket(self, residual: int) -> Integers:
        """Bucket from 0; `residual` for the residual one."""
        column = self.crif.column("bucket")
        numbers = [residual if value == RESIDUAL else int(value) - 1 for value in column.values]
        return np.array(numbers, dtype=np.int64)[column.codes[self.index]]

    def codes(self, name: str) -> Integers:
        """Codes of a text column, equal where the text is."""
        return self.crif.column(name).codes[self.index].astype(np.int64)

    def numbered(self, name: str) -> tuple[Integers, tuple[str, ...]]:
        """Return a text column's own codes of shape (n,), and the texts of these rows alone that they index."""
        column = self.crif.column(name)
        codes = column.codes[self.index]
        used = np.flatnonzero(np.bincount(codes, minlength=1)) if codes.size else np.empty(0, np.int64)
        position = np.zeros(len(column.values), dtype=np.int64)
        position[used] = np.arange(used.size)
        return position[codes], tuple(column.values[code] for code in used.tolist())

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
        lookup = np.array([*(position.get(value, -1) for value in column.values), -1], dtype=np.int64)
        return lookup[column.codes[self.index]]
