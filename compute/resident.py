"""What a process keeps of calculations on one unchanging book, so that the next one on it need not begin anew."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from compute.result import Result

if TYPE_CHECKING:
    from compute.pricing.memo import PricingMemo

MOST_RESULTS = 8


class Resident:
    """The results on one book, the latest few; for use by one kernel at a time."""

    def __init__(self) -> None:
        self._results: OrderedDict[str, Result] = OrderedDict()

    def result(self, model: str, parameters: Mapping[str, Any], compute: Callable[[], Result]) -> Result:
        """Return what `compute` returns for the model and parameters: kept, or computed now and kept."""
        key = json.dumps([model, parameters], sort_keys=True)
        found = self._results.pop(key, None)
        self._results[key] = found = compute() if found is None else found
        while len(self._results) > MOST_RESULTS:
            self._results.popitem(last=False)
        return found

    @cached_property
    def pricing(self) -> "PricingMemo":
        """What pricing keeps of the book's options."""
        from compute.pricing.memo import PricingMemo  # brings the compiler along, which not every process needs

        return PricingMemo()
