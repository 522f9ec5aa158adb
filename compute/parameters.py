"""Parameters of the measures as data: type, default, range, choices and documentation.

`services.intake` reads JSON, query and `k=v` text against these, fills in the defaults, and answers what does not fit.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What values a parameter takes."""

    TEXT = "text"  # one of `choices`, or free where there are none
    INTEGER = "integer"  # a whole number within the bounds
    NUMBER = "number"  # a finite number within the bounds
    FLAG = "flag"  # true or false
    NUMBERS = "numbers"  # one number, or a list of them without repeats
    TEXTS = "texts"  # one text, or a list of them without repeats; on the command line by comma
    CURRENCY = "currency"  # a currency code
    RATES = "rates"  # an object of currency pairs and positive numbers, such as {"EUR/USD": 1.08}
    BASKET = "basket"  # an object of trades, cash and collateral; read with the book at hand
    MODELS = "models"  # margin models with their parameters, each judged as for the measure margin
    STRUCTURE = "structure"  # any object, such as an exchange's parameter file; its model judges what is in it


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One parameter of a measure; bounds are inclusive."""

    kind: Kind
    default: Any
    doc: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
