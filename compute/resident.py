"""What a process keeps of calculations on one unchanging book, so that the next one on it need not begin anew."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from compute.pricing.memo import PricingMemo

MOST_ANSWERS = 8
Figures = dict[str, float | None]


class Resident:
    """The figures of one book, the latest few answers, and its prices; for use by one kernel at a time.

    Parameters
    ----------
    most_rows
        Bound on the rows of each kind that pricing keeps; None is that of the memo itself.
    """

    def __init__(self, most_rows: int | None = None) -> None:
        self._answers: OrderedDict[str, Figures] = OrderedDict()
        self._most_rows = most_rows

    def figures(self, model: str, parameters: Mapping[str, Any], compute: Callable[[], Figures]) -> Figures:
        """Return what `compute` returns for the model and parameters: kept, or computed now and kept."""
        key = hashlib.sha256(json.dumps([model, parameters], sort_keys=True).encode()).hexdigest()
        found = self._answers.pop(key, None)
        self._answers[key] = found = compute() if found is None else found
        while len(self._answers) > MOST_ANSWERS:
            self._answers.popitem(last=False)
        return dict(found)

    @cached_property
    def pricing(self) -> "PricingMemo":
        """What pricing keeps of the book's options."""
        from compute.pricing.memo import PricingMemo  # brings the compiler along, which not every process needs

        return PricingMemo() if self._most_rows is None else PricingMemo.within(self._most_rows)
