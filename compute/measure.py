"""What a measure is: its kernel, its parameters, what it reads, and how much work a call is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib import import_module
from typing import Any

from compute.crif import Crif, RowFault
from compute.market import Market
from compute.parameters import Kind, Parameter
from compute.portfolio import Portfolio
from compute.result import Checkpoint, Result

SAMPLE_SYMBOLS = ("A", "B", *(f"S{index}" for index in range(40)))
"""Symbols of the books that kernels are warmed and timed with."""

Book = Portfolio | Crif
Kernel = Callable[[Any, Market, Mapping[str, Any], Checkpoint], Result]


class Takes(StrEnum):
    """What a kernel is called with."""

    POSITIONS = "positions"  # a Portfolio
    CRIF = "crif"  # the rows of a CRIF file


@dataclass(frozen=True, kw_only=True)
class Part:
    """Calculations of one margin model that a call is made of."""

    model: str
    parameters: Mapping[str, Any]
    margins: float


@dataclass(frozen=True, kw_only=True)
class MeasureSpec:
    """A measure: its kernel, its parameters, and how much work a call is.

    Parameters
    ----------
    kernel
        Called with validated columns, the market, every parameter filled in, and a checkpoint.
    parameters
        Name to specification.
    work
        (positions, parameters) → work units; a worker's cost curve turns them into milliseconds.
    needs_history
        (parameters) → whether the kernel reads `market.history`.
    history_names
        Portfolio → for each position the symbol whose history stands for it, length n.
    more_history
        Portfolio → symbols whose histories the kernel reads too, where they are stored.
    takes
        What the kernel may be called with; nothing for drills.
    row_faults
        For kernels that take a CRIF: (rows, parameters) → the cells that they cannot use.
    judge
        Raises InputError for parameters, all filled in, that do not fit: what a structure holds only its model knows.
    runs_on_defaults
        False where a parameter must be given: there is nothing to warm or to time ahead, so it always takes a queue.
    sample
        Parameters to warm and to time a kernel with where its defaults do not run, for books in `SAMPLE_SYMBOLS`.
    size
        What it is called with → how many positions that is in work; American options may count for many.
    margins
        For analyses of a margin model: how many calculations of the margin one costs, in place of a curve of its own; 0
        for what is warmed and timed itself.
    parts
        (parameters, what it is called with) → the calculations of margins that a call is made of, in place of a curve
        of its own: for analyses of several models, or of one on many dates.
    narrow
        (this, parameters, judged or not) → the specification for these parameters, where what it takes goes by them.
    compiles
        True for an analysis with compiled code of its own: it is run once at start, with `sample`, and not timed.
    values_itself
        True where the kernel can do without a price that terms give; what is missing then stays NaN, for it to judge.
    models
        The measure's models by name, chosen by the parameter `model`; each with a specification of its own.
    """

    kernel: Kernel
    parameters: Mapping[str, Parameter]
    work: Callable[[int, Mapping[str, Any]], float]
    needs_history: Callable[[Mapping[str, Any]], bool] = lambda _parameters: False
    history_names: Callable[[Portfolio], list[str]] = lambda portfolio: [
        str(symbol) for symbol in portfolio.labels["symbol"].texts()
    ]
    more_history: Callable[[Portfolio], list[str]] = lambda _portfolio: []
    takes: tuple[Takes, ...] = (Takes.POSITIONS,)
    row_faults: Callable[[Crif, Mapping[str, Any]], Iterator[RowFault]] | None = None
    judge: Callable[[Mapping[str, Any]], None] = lambda _parameters: None
    runs_on_defaults: bool = True
    sample: Mapping[str, Any] = field(default_factory=dict)
    size: Callable[[Any], float] = len
    margins: float = 0.0
    parts: Callable[[Mapping[str, Any], Any], list[Part]] | None = None
    narrow: Callable[["MeasureSpec", Mapping[str, Any]], "MeasureSpec"] | None = None
    compiles: bool = False
    values_itself: bool = False
    models: Mapping[str, "MeasureSpec"] = field(default_factory=dict)

    @property
    def is_timed(self) -> bool:
        """Whether its kernel is compiled and timed at start: no drill, runs on its defaults, no analysis."""
        return self.needs_portfolio and self.runs_on_defaults and not self.margins and self.parts is None

    @property
    def needs_portfolio(self) -> bool:
        """False only for drills."""
        return bool(self.takes)

    def model_of(self, parameters: Mapping[str, Any]) -> str:
        """Return the name under which `variants` yields the chosen specification."""
        return str(parameters.get("model", self.parameters["model"].default)) if self.models else ""

    def chosen(self, parameters: Mapping[str, Any]) -> "MeasureSpec":
        """Return the specification of the model that the parameters name; this one where they name none or no such."""
        name = parameters.get("model")
        found = self.models.get(name.lower(), self) if isinstance(name, str) else self
        return found if found.narrow is None else found.narrow(found, parameters)

    def variants(self) -> Iterator[tuple[str, "MeasureSpec"]]:
        """Yield each model's name and specification, or an empty name and this one where there are no models."""
        yield from self.models.items() if self.models else (("", self),)


def deferred(module: str, function: str) -> Kernel:
    """Return a kernel whose module is imported at its first call: naming a measure must not load its compiler."""

    def kernel(book: Book, market: Market, parameters: Mapping[str, Any], checkpoint: Checkpoint) -> Result:
        found: Kernel = getattr(import_module(module), function)
        return found(book, market, parameters, checkpoint)

    return kernel


def deferred_faults(module: str, function: str) -> Callable[[Crif, Mapping[str, Any]], Iterator[RowFault]]:
    """Return a model's judgement of CRIF rows, imported at its first call."""

    def row_faults(crif: Crif, parameters: Mapping[str, Any]) -> Iterator[RowFault]:
        yield from getattr(import_module(module), function)(crif, parameters)

    return row_faults


def of_models(models: Mapping[str, MeasureSpec], default: str) -> MeasureSpec:
    """Return a measure whose models are chosen by `model`, the default one where none is named."""
    names = tuple(models)
    named = {
        name: replace(
            spec,
            parameters={
                "model": Parameter(kind=Kind.TEXT, default=name, doc="The margin model.", choices=names),
                **spec.parameters,
            },
        )
        for name, spec in models.items()
    }
    return replace(named[default], models=named)


def rows(count: int, _parameters: Mapping[str, Any]) -> float:
    """Return the work of a measure whose cost grows with its rows alone."""
    return float(count)
