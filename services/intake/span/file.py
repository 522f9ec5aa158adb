"""A SPAN risk parameter file in CME's XML format (`.spn`) → the structure that `span_parameters` takes.

The elements, as exchanges publish them in file format 4.00 (docs/models/span.md says which are read): under
`clearingOrg` the portfolios of an `exchange` (`phyPf`, `futPf`, `oopPf`, `oofPf` …) with contracts and risk arrays
(`ra`: sixteen `a`, losses of one long contract, and the composite delta `d`), the combined commodities (`ccDef`) with
tiers, spreads (`dSpread`), spot charges and short option minimums, and `interSpreads`. What a file says and this model
cannot is named in `notes`.
"""

from collections.abc import Collection
from typing import Any

from services.intake.span.commodities import between, by_portfolio, commodity
from services.intake.span.contracts import Found
from services.intake.span.figures import refuse
from services.intake.span.records import read_records, unpacked

MOST_NOTES = 20


def read_span_file(data: bytes, *, wanted: Collection[str] | None = None) -> dict[str, Any]:
    """Return the structure of a `.spn` file, also zipped or gzipped.

    Parameters
    ----------
    wanted
        Symbols and underlyings of the book: other contracts, and commodities without one of them, are left out; None
        keeps all. A future is `pfCode-pe` (ES-202603), an option `pfCode-pe-C-strike`, a physical its `pfCode`.

    Raises
    ------
    UnparsableError, TooLargeError
        The file is no such XML, cut off, or larger than a file may be.
    InvalidInputError
        With the line: a number that is none, an array without sixteen values, a rate that makes no sense.
    """
    found = Found(wanted=wanted)
    root = read_records(unpacked(data), found.add)
    clearing = root.all("spanFile", "pointInTime", "clearingOrg")
    if len(clearing) != 1:
        refuse(root, f"a SPAN file has one spanFile/pointInTime/clearingOrg, and this has {len(clearing)}")
    house = clearing[0]
    owned = by_portfolio(found.contracts)
    at_contract = house.get("isContractScale") == "1"
    commodities = {}
    for record in house.all("ccDef"):
        name = record.get("cc") or ""
        document = commodity(record, owned, found, at_contract=at_contract)
        if document is not None:
            if name in commodities:
                refuse(record, f"the combined commodity {name} comes more than once")
            commodities[name] = document
    kept = {symbol for document in commodities.values() for symbol in document["contracts"]}
    return {
        "source": f"SPAN file of {house.get('ec') or 'an exchange'}, file format {root.get('spanFile', 'fileFormat')}",
        "as_of": root.get("spanFile", "pointInTime", "date"),
        "currency": next((document["currency"] for document in commodities.values()), "USD"),
        "combined_commodities": commodities,
        "inter_commodity_spreads": list(between(house, commodities, found)),
        "risk_array_values": "loss",
        "risk_arrays": {
            symbol: {"values": one.values, "delta": one.delta}
            for symbol, one in found.contracts.items()
            if symbol in kept
        },
        "notes": found.notes[:MOST_NOTES],
    }
