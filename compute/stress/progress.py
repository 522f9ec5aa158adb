"""One measure of progress for a computation of many steps, some of which report their own."""

from compute.result import Checkpoint

PARTS = 1_000


class Progress:
    """Steps done of so many, never fewer than told before; `within` is the checkpoint of the step that runs."""

    def __init__(self, checkpoint: Checkpoint, steps: int) -> None:
        self._checkpoint, self._steps, self._done, self._told = checkpoint, max(1, steps), 0, 0

    def within(self, done: int, total: int) -> None:
        """Report a step that is itself so far."""
        part = min(PARTS, PARTS * done // max(1, total))
        self._told = max(self._told, min(self._done * PARTS + part, self._steps * PARTS))
        self._checkpoint(self._told, self._steps * PARTS)

    def ended(self, steps: int = 1) -> None:
        """Count steps as done."""
        self._done += steps
        self.within(0, 1)
