"""Which column is which field: told, or guessed from the titles; what could be guessed in two ways is refused."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from services.intake.faults import Faults, nearest, quote
from services.intake.fields import NUMBERS, TEXTS
from services.intake.files.guessing import Guess, Rank, guess
from services.intake.files.options import NOTHING, FileOptions
from services.intake.files.table import Table
from services.intake.files.titles import COLUMN_FIELDS, KNOWN, OWN, VALUES, key

NEEDED = (
    *(name for name, text in TEXTS.items() if text.required),
    *(name for name, one in NUMBERS.items() if one.required),
)
_HEADER = 1
_PRICES = frozenset({"price", "market_value"})
_CRIF = "risktype"
_SHOWN = 8
_NEAR = 0.75


@dataclass(frozen=True, kw_only=True)
class Unused:
    """A column that no field takes, and why, or what it might be."""

    column: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """Fields to columns of a table.

    Parameters
    ----------
    columns
        Field to the index of its column.
    guessed
        The fields among them whose column was guessed.
    """

    columns: dict[str, int] = field(default_factory=dict)
    guessed: tuple[str, ...] = ()
    unused: tuple[Unused, ...] = ()


def map_columns(table: Table, options: FileOptions, faults: Faults) -> Mapping:
    """Return the mapping of a table; record what is ambiguous, unknown or missing, each with its remedy."""
    told = _told(table, options, faults)
    found = {name: index for name, index in told.items() if index is not None}
    notes: dict[int, str] = {}
    guesses = [
        replace(each, fields=open_ones)
        for each in guess(table, frozenset(found.values()))
        if (open_ones := tuple(name for name in each.fields if name not in told))
    ]
    _settle([each for each in guesses if each.rank is not Rank.CONTENT], table, found, notes, faults)
    _settle(_left(guesses, found, table, notes, faults), table, found, notes, faults)
    _judge_prices(table, found, told.keys() & _PRICES, notes, faults)
    _require(table, found, options, faults)
    columns = {name: found[name] for name in COLUMN_FIELDS if name in found}
    return Mapping(
        columns=columns,
        guessed=tuple(name for name in columns if name not in told),
        unused=_unused(table, found, notes),
    )


def _told(table: Table, options: FileOptions, faults: Faults) -> dict[str, int | None]:
    """Return the column of each field that the caller names, None for a field that shall have none."""
    found: dict[str, int | None] = {}
    for name, title in options.columns.items():
        if name not in COLUMN_FIELDS:
            faults.add("", f"{quote(name)} is no field of a position.", remedy=nearest(name, COLUMN_FIELDS))
        elif title == NOTHING:
            found[name] = None
        elif (index := _index_of(title, table.titles, faults)) is not None:
            found[name] = index
    return found


def _index_of(title: str, titles: Sequence[str], faults: Faults) -> int | None:
    """Return the column of a title, spelled as in the file or nearly so, or of a number such as `#3`."""
    for same in (str, key):
        indices = [index for index, each in enumerate(titles) if same(each) == same(title)]
        if len(indices) == 1:
            return indices[0]
        if indices:
            remedy = f"Name it by its number, such as #{indices[0] + 1}."
            faults.add("", f"{len(indices)} columns are titled {quote(title)}.", remedy=remedy, row=_HEADER)
            return None
    if title.startswith("#") and title[1:].isdecimal() and 0 < int(title[1:]) <= len(titles):
        return int(title[1:]) - 1
    remedy = nearest(title, [each for each in titles if each])
    faults.add("", f"The file has no column {quote(title)}.", remedy=remedy, row=_HEADER)
    return None


def _settle(
    guesses: Sequence[Guess], table: Table, found: dict[str, int], notes: dict[int, str], faults: Faults
) -> None:
    """Give each guessed field its column, a field's own name before its synonyms; note those that came too late."""
    by_field: defaultdict[str, list[Guess]] = defaultdict(list)
    for each in guesses:
        by_field[each.fields[0]].append(each)
    for name, rivals in by_field.items():
        best = min(each.rank for each in rivals)
        first = [each for each in rivals if each.rank is best]
        if name not in found:
            found[name] = first[0].index
            if len(first) > 1:
                _ambiguous(name, [table.titles[each.index] for each in first], faults)
        for each in rivals:
            if each.index != found[name]:
                notes[each.index] = f"{name} is taken from {quote(table.titles[found[name]])}"


def _left(
    guesses: Sequence[Guess], found: dict[str, int], table: Table, notes: dict[int, str], faults: Faults
) -> list[Guess]:
    """Return the guesses by content that are left with one field; record those left with several."""
    kept = []
    for each in guesses:
        if each.rank is not Rank.CONTENT:
            continue
        fields = tuple(name for name in each.fields if name not in found)
        if len(fields) > 1:
            title = table.titles[each.index]
            detail = f"The column {quote(title)} could be {' or '.join(fields)}."
            faults.add("", detail, remedy=f"Say which: map {fields[0]}={title}.", row=_HEADER, column=title)
        elif fields:
            kept.append(replace(each, fields=fields))
        else:
            notes[each.index] = f"{each.fields[0]} is taken from {quote(table.titles[found[each.fields[0]]])}"
    return kept


def _ambiguous(name: str, titles: Sequence[str], faults: Faults) -> None:
    listed = " and ".join(map(quote, titles[:_SHOWN]))
    remedy = f"Say which: map {name}={titles[0]}; the others are then left unused."
    if len(set(titles)) < len(titles):
        remedy = f"Name the column by its number: map {name}=#1 is the first."
    faults.add("", f"{listed} could each be {name}.", remedy=remedy, row=_HEADER, column=titles[0])


def _judge_prices(table: Table, found: dict[str, int], told: set[str], notes: dict[int, str], faults: Faults) -> None:
    """Refuse two columns of prices, and a column that may hold prices of units or values of whole positions."""
    if len(_PRICES & found.keys()) > 1 and len(told) < len(_PRICES):
        _ambiguous("price", [table.titles[found[name]] for name in sorted(_PRICES, reverse=True)], faults)
    for index, title in enumerate(table.titles):
        if index in found.values() or key(title) not in VALUES:
            continue
        notes[index] = "may be the value of the whole position; price is that of one unit"
        if not (_PRICES & found.keys() or told):
            faults.add(
                "",
                f"{quote(title)} may be the price of one unit or the value of the whole position.",
                remedy=f"If it is the price of one unit: map price={title}; else map price=-, for stored prices.",
                row=_HEADER,
                column=title,
            )


def _require(table: Table, found: dict[str, int], options: FileOptions, faults: Faults) -> None:
    missing = [name for name in NEEDED if name not in found and name not in options.fill]
    if missing and not found:
        listed = ", ".join(map(quote, table.titles[:_SHOWN]))
        remedy = (
            "Begin with a header such as symbol,quantity,price,asset_class, or map columns by number: map symbol=#1."
        )
        faults.add("", f"Row 1 names no column that is known: {listed}.", remedy=remedy, row=_HEADER)
        return
    if missing and _CRIF in map(key, table.titles):
        faults.add(
            "",
            "This is a CRIF, sensitivities and not positions.",
            remedy="Choose a model that takes one: model=simm or model=schedule.",
            row=_HEADER,
        )
        return
    spare = [title for index, title in enumerate(table.titles) if title and index not in found.values()]
    listed = f", one of {', '.join(map(quote, spare[:_SHOWN]))}" if spare else ""
    for name in missing:
        constant = ", or fill asset_class=equity where all are equities" if name == "asset_class" else ""
        remedy = f"Say which column it is: map {name}=COLUMN{listed}{constant}."
        faults.add("", f"No column is {name}.", remedy=remedy, row=_HEADER, column=name)


def _unused(table: Table, found: dict[str, int], notes: dict[int, str]) -> tuple[Unused, ...]:
    taken = set(found.values())
    return tuple(
        Unused(column=title or f"#{index + 1}", note=notes.get(index, "") or _suggestion(title, table, found))
        for index, title in enumerate(table.titles)
        if index not in taken and (title or table.columns[index].sample())
    )


def _suggestion(title: str, table: Table, found: dict[str, int]) -> str:
    """Say which field's titles a title is near, and where that field is taken from."""
    names = {**KNOWN, **OWN}
    close = get_close_matches(key(title), names, n=1, cutoff=_NEAR)
    if not close:
        return ""
    name = names[close[0]]
    if name in found:
        return f"{name} is taken from {quote(table.titles[found[name]])}"
    return f"is near {name}: map {name}={title} takes it"
