"""The peer of `margin_http`: FastAPI with the same body as a pydantic model parameter; it only parses."""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Position(BaseModel):
    """The fields that the benchmark's bodies have."""

    id: str
    symbol: str
    quantity: float
    price: float
    asset_class: str
    currency: str = "USD"
    sector: str | None = None
    settlement_price: float | None = None
    implied_volatility: float | None = None


class Portfolio(BaseModel):
    """A portfolio of positions."""

    id: str
    name: str
    positions: list[Position]
    available_cash: float
    currency: str = "USD"
    as_of: str | None = None


class MarginRequest(BaseModel):
    """The body of /margin/calculate."""

    portfolio: Portfolio
    optimize: bool = True
    include_stress_test: bool = False


app = FastAPI()


@app.get("/ready")
async def ready() -> dict[str, bool]:
    """Say that the server answers."""
    return {"ready": True}


@app.post("/parse")
async def parse(body: MarginRequest) -> dict[str, int]:
    """Parse the body, and nothing else."""
    return {"positions": len(body.portfolio.positions)}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="warning", access_log=False)
