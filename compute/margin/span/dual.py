"""Numbers that carry their derivatives, so that the model's own code for spreads and charges is differentiated as is.

Forward mode: value and slope by each input. Where the code chooses (max, min, a comparison), the slopes are those of
the branch that it takes; of equals, the first.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Union

Operand = Union["Dual", float]


class Dual:
    """A value and its derivatives by named inputs; an input that is not named has derivative zero."""

    __slots__ = ("slopes", "value")

    def __init__(self, value: float, slopes: Mapping[Hashable, float] | None = None) -> None:
        self.value = value
        self.slopes = dict(slopes or {})

    @classmethod
    def input(cls, name: Hashable, value: float) -> "Dual":
        """Return an input: derivative one by itself."""
        return cls(value, {name: 1.0})

    def __add__(self, other: Operand) -> "Dual":
        return _combined(self, 1.0, other, 1.0, self.value + value_of(other))

    __radd__ = __add__

    def __sub__(self, other: Operand) -> "Dual":
        return _combined(self, 1.0, other, -1.0, self.value - value_of(other))

    def __rsub__(self, other: Operand) -> "Dual":
        return _combined(self, -1.0, other, 1.0, value_of(other) - self.value)

    def __mul__(self, other: Operand) -> "Dual":
        return _combined(self, value_of(other), other, self.value, self.value * value_of(other))

    __rmul__ = __mul__

    def __truediv__(self, other: Operand) -> "Dual":
        under = value_of(other)
        return _combined(self, 1.0 / under, other, -self.value / under**2, self.value / under)

    def __neg__(self) -> "Dual":
        return self * -1.0

    def __abs__(self) -> "Dual":
        return -self if self.value < 0.0 else self

    def __lt__(self, other: Operand) -> bool:
        return self.value < value_of(other)

    def __le__(self, other: Operand) -> bool:
        return self.value <= value_of(other)

    def __gt__(self, other: Operand) -> bool:
        return self.value > value_of(other)

    def __ge__(self, other: Operand) -> bool:
        return self.value >= value_of(other)


def value_of(number: Any) -> float:
    """Return a number's value, with or without derivatives."""
    return number.value if isinstance(number, Dual) else float(number)


def slopes_of(number: Any) -> Mapping[Hashable, float]:
    """Return a number's derivatives, none where it is a plain one."""
    return number.slopes if isinstance(number, Dual) else {}


def _combined(one: Operand, by_one: float, other: Operand, by_other: float, value: float) -> Dual:
    slopes: dict[Hashable, float] = {}
    for number, factor in ((one, by_one), (other, by_other)):
        for name, slope in slopes_of(number).items():
            slopes[name] = slopes.get(name, 0.0) + factor * slope
    return Dual(value, slopes)
