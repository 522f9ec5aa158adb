"""Why a margin is not what it was: from the stored earlier figures to today's, in steps that sum to the difference."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from compute.analysis.bridge.earlier import POINTER, Earlier, judge_pair
from compute.analysis.bridge.histories import either_history, history_change
from compute.analysis.bridge.positions import Portfolios
from compute.analysis.bridge.report import Found, report
from compute.analysis.bridge.request import MOST_SHAPLEY, OWN, SHAPLEY, read_order
from compute.analysis.bridge.rows import Crifs
from compute.analysis.bridge.sides import Books, Change, State, Steps, listed, named
from compute.analysis.bridge.walk import sequential, shapley
from compute.analysis.figures import Figures, figures
from compute.crif import Crif
from compute.errors import InputError
from compute.margin.models import MODELS
from compute.market import Market
from compute.measure import Book
from compute.result import Checkpoint, Result, check_finite

PARTS = 1_000
"""Into how many parts the progress of one margin calculation is told."""
_SET = frozenset({"version", "parameter_set", "tables"})
_FX = frozenset({"fx"})
_LISTED_ELSEWHERE = frozenset({"model", *_SET, *_FX})


def bridge(book: Book, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
    """Return the steps from an earlier margin to today's.

    Parameters
    ----------
    book
        Today's positions, or rows of a CRIF.
    market
        Today's histories, and `earlier`: the earlier inputs and stored figures.
    parameters
        `earlier` (a name), `order`, `method`, `figure`, and those of the model that `model` names.

    Returns
    -------
    Result
        The first step is what today's code makes of the earlier inputs, less the stored figures; every other is what
        one kind of input adds. math.fsum of a figure's steps is its difference, to the last bit.

    Raises
    ------
    InputError
        There is no earlier side, or not one of this portfolio, model and currency; more steps changed something than
        the shapley method takes; or the model refuses a state between the two sides, which is named.
    """
    earlier = market.earlier
    if earlier is None:
        raise InputError("The earlier result is not at hand.", pointer=POINTER, remedy="Name the job: earlier=JOB_ID.")
    own = {name: value for name, value in parameters.items() if name not in OWN}
    judge_pair(earlier, book, own)
    sides = Sides(earlier, State(book=book, history=market.history, parameters=own))
    changes = sides.changes()
    steps = [step for step in read_order(parameters["order"]) if step in changes]
    is_shapley = parameters["method"] == SHAPLEY
    if is_shapley and len(steps) > MOST_SHAPLEY:
        raise InputError(
            f"{len(steps)} steps changed something, and the shapley method takes {MOST_SHAPLEY}: {', '.join(steps)}.",
            pointer="/parameters/method",
            remedy="Take method=sequential.",
        )
    states = _States(sides, steps, own["model"], checkpoint, planned=2 ** len(steps) if is_shapley else len(steps) + 1)
    last, first = states.result(frozenset(steps)), states.result(frozenset())
    names = list(dict.fromkeys([*(earlier.figures or {}), *figures(last)]))
    found = Found(
        earlier=earlier,
        stored=figures(first) if earlier.figures is None else dict(earlier.figures),
        recomputed=figures(first),
        today=last,
        steps=steps,
        amounts=(shapley if is_shapley else sequential)(states.figures, steps, names),
        changes=changes,
        evaluations=states.count,
        notes=[*earlier.notes, *sides.notes],
    )
    return report(found, parameters)


class Sides:
    """Both sides whole, and the states between them."""

    def __init__(self, earlier: Earlier, today: State) -> None:
        known = {name: parameter.default for name, parameter in MODELS[today.parameters["model"]].parameters.items()}
        parameters = {**known, **earlier.parameters, "model": today.parameters["model"]}
        self.today = today
        self.earlier = State(
            book=earlier.book,
            history=earlier.history,
            parameters={name: value for name, value in parameters.items() if name in today.parameters},
        )
        self._books = _books(earlier.book, today.book)
        self.notes = _notes(earlier.parameters, today.parameters)

    def changes(self) -> dict[str, Change]:
        """Return what each step changed, only those that changed something."""
        one, other = self.earlier.parameters, self.today.parameters
        found = dict(self._books.changes())
        items = named({"fx": one.get("fx", {})}, {"fx": other.get("fx", {})})
        if items and "fx" not in found:
            found["fx"] = listed(items)
        of_set = named(*({name: side[name] for name in _SET if name in side} for side in (one, other)))
        rest = named(*({name: side[name] for name in side if name not in _LISTED_ELSEWHERE} for side in (one, other)))
        more = {"parameter_set": listed(of_set) if of_set else None, "parameters": listed(rest) if rest else None}
        more["history"] = history_change(self.earlier.history, self.today.history)
        return found | {step: change for step, change in more.items() if change is not None}

    def state(self, steps: Steps, changed: Steps) -> State:
        """Return the state in which some of the changed steps stand as they are today."""
        if not steps:
            return self.earlier
        if steps == changed:
            return self.today
        chosen, other = (self.today, self.earlier) if "history" in steps else (self.earlier, self.today)
        return State(
            book=self._books.mixed(steps),
            history=either_history(chosen.history, other.history),
            parameters={name: self._parameter(name, steps) for name in self.today.parameters},
        )

    def _parameter(self, name: str, steps: Steps) -> Any:
        step = "parameter_set" if name in _SET else "fx" if name in _FX else "parameters"
        side = self.today if step in steps else self.earlier
        return side.parameters[name]


class _States:
    """The margin of each state, computed once, its progress told as part of the whole."""

    def __init__(self, sides: Sides, steps: list[str], model: str, checkpoint: Checkpoint, *, planned: int) -> None:
        self._sides, self._changed, self._kernel = sides, frozenset(steps), MODELS[model].kernel
        self._checkpoint, self._planned = checkpoint, planned
        self._known: dict[Steps, Result] = {}

    @property
    def count(self) -> int:
        """How many states were computed."""
        return len(self._known)

    def figures(self, steps: Steps) -> Figures:
        """Return the figures of a state."""
        return figures(self.result(steps))

    def result(self, steps: Steps) -> Result:
        """Return the margin of a state; raise InputError naming the state that the model refuses."""
        if steps not in self._known:
            state = self._sides.state(steps, self._changed)
            told = partial(self._tell, self.count)
            try:
                found = self._kernel(state.book, state.market, state.parameters, told)
            except InputError as error:
                raise self._refused(error, steps) from error
            self._known[steps] = check_finite(found)
            told(1, 1)
        return self._known[steps]

    def _tell(self, before: int, done: int, total: int) -> None:
        part = min(PARTS, PARTS * done // total) if total else 0
        self._checkpoint(before * PARTS + part, self._planned * PARTS)

    def _refused(self, error: InputError, steps: Steps) -> InputError:
        if steps == self._changed and steps:
            return error  # today's own inputs: the caller's to mend
        where = f"with {', '.join(sorted(steps))} of today and all else as it was" if steps else "as it was"
        return type(error)(
            f"The margin cannot be computed {where}: {error.detail}",
            pointer=POINTER if not steps else "/parameters/order",
            remedy=error.remedy if not steps else "Choose another order of the steps.",
        )


def _books(earlier: Book, today: Book) -> Books:
    pairs: dict[bool, Callable[[Any, Any], Books]] = {True: Crifs, False: Portfolios}
    return pairs[isinstance(today, Crif)](earlier, today)


def _notes(earlier: Mapping[str, Any], today: Mapping[str, Any]) -> list[str]:
    """Say which parameters one of the two codes does not know: their effect is in the first step."""
    gone, new = sorted(set(earlier) - set(today)), sorted(set(today) - set(earlier) - {"model"})
    notes = []
    if gone:
        notes.append(f"The model no longer has the parameters {', '.join(gone)}; what they did is in model_version.")
    if new:
        notes.append(f"The earlier model had no parameters {', '.join(new)}; they stand at their defaults there.")
    return notes
