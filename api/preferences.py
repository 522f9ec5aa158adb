"""The Prefer header (RFC 7240): `wait=N` and `respond-async`; others are ignored, as the RFC says."""

import re
from dataclasses import dataclass

from fastapi import Request

LONGEST_WAIT = 60.0  # seconds; a longer wish is shortened, and Preference-Applied says to what
_WAIT = re.compile(r"wait\s*=\s*\"?(\d{1,9}(?:\.\d{1,3})?)\"?")


@dataclass(frozen=True, kw_only=True)
class Preference:
    """What the caller prefers."""

    wait: float | None = None
    respond_async: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """Return Preference-Applied, empty where nothing was preferred."""
        applied = ["respond-async"] if self.respond_async else []
        if self.wait is not None:
            applied.append(f"wait={self.wait:g}")
        return {"Preference-Applied": ", ".join(applied)} if applied else {}


def preference_of(request: Request) -> Preference:
    """Read the Prefer headers; of equal preferences the first counts."""
    wait: float | None = None
    respond_async = False
    for line in request.headers.getlist("prefer"):
        for item in line.split(","):
            name = item.partition(";")[0].strip().lower()
            match = _WAIT.fullmatch(name)
            if match and wait is None:
                wait = min(float(match.group(1)), LONGEST_WAIT)
            respond_async = respond_async or name == "respond-async"
    return Preference(wait=wait, respond_async=respond_async)
