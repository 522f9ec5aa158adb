"""Bodies that the intake tests send."""

import json
from typing import Any

Tree = dict[str, Any]


def position(index: int = 0, /, **fields: Any) -> Tree:
    """Return a good position; a field of None is left out."""
    found = {
        "id": f"p{index}",
        "symbol": "AAPL",
        "quantity": 1000,
        "price": 150.0,
        "asset_class": "equity",
        **fields,
    }
    return {name: value for name, value in found.items() if value is not None}


def book(*positions: Tree, **fields: Any) -> Tree:
    """Return a good portfolio."""
    return {"id": "book", "name": "Book", "available_cash": 1e7, "positions": list(positions), **fields}


def body(tree: Any) -> bytes:
    """Return the bytes of a tree; NaN and infinity are written as Python writes them."""
    return json.dumps(tree).encode()
