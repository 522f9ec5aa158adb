"""The peer: the house margin in polars, over the columns that the kernel is given."""

import numpy as np
import polars as pl

from benchmarks._house_book import Margins
from compute.margin.columns import Columns
from compute.margin.offsets import match_groups
from compute.margin.tables import HouseSet


def frames(columns: Columns) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the prepared columns as frames, positions and instruments: exactly what the kernel is given."""
    positions = pl.DataFrame(
        {
            "instrument": columns.instruments,
            "class": columns.classes,
            "quantity": columns.quantity,
            "price": columns.price,
            "scale": columns.scale,
            "settlement": columns.settlement,
            "duration": columns.duration,
            "delta": columns.delta,
            "gamma": columns.gamma,
            "vega": columns.vega,
            "volatility": columns.volatility,
        }
    ).with_columns(pl.col("settlement", "duration", "delta", "gamma", "vega").fill_nan(None))
    instruments = pl.DataFrame({"group": columns.groups.of, "unit": columns.groups.unit}).with_row_index("instrument")
    return positions, instruments.with_columns(pl.col("instrument").cast(pl.Int64))


def _with_margins(positions: pl.LazyFrame, rates: pl.LazyFrame, table: HouseSet) -> pl.LazyFrame:
    add = table.add_ons
    value = (pl.col("quantity") * pl.col("price") * pl.col("scale")).abs()
    net = (pl.when(pl.col("quantity") >= 0).then(pl.col("value")).otherwise(-pl.col("value"))).sum().over("instrument")
    greeks = (
        pl.col("delta").abs().fill_null(0) * add.delta_weight
        + pl.col("gamma").abs().fill_null(0) * add.gamma_weight
        + pl.col("vega").abs().fill_null(0) * add.vega_weight
    )
    add_on = (
        1.0
        + (pl.col("volatility") - add.volatility_threshold).clip(lower_bound=0) * pl.col("multiplier")
        + (net.abs() > add.concentration_threshold).cast(pl.Float64) * add.concentration_add_on
        + greeks
    )
    rate = pl.col("initial_rate") + pl.col("slope") * pl.col("duration").fill_null(0).clip(lower_bound=0)
    return (
        positions.with_columns(value=value)
        .join(rates, on="class", how="left")
        .with_columns(add_on=add_on)
        .with_columns(
            initial=pl.col("value") * rate * pl.col("add_on"),
            maintenance=pl.col("value") * pl.col("maintenance_rate") * pl.col("add_on"),
            variation=(pl.col("settlement") - pl.col("price")) * pl.col("quantity") * pl.col("scale"),
        )
    )


class PolarsHouse:
    """The identical formula, offsets included, as lazy polars queries over the prepared columns."""

    def __init__(self, columns: Columns, table: HouseSet) -> None:
        self.columns = columns
        self.table = table
        self.positions, self.instruments = frames(columns)
        self.rates = pl.DataFrame(table.rates, schema=["initial_rate", "slope", "maintenance_rate", "multiplier"])
        self.rates = self.rates.with_row_index("class").with_columns(pl.col("class").cast(pl.Int64))

    def run(self) -> Margins:
        """Return the margins, computed from the frames."""
        positions = _with_margins(self.positions.lazy(), self.rates.lazy(), self.table)
        is_long = pl.col("quantity") >= 0
        sides = positions.group_by("instrument").agg(
            pl.col("variation").sum(),
            *(
                pl.col(word).filter(is_long if side == "long" else ~is_long).sum().alias(f"{word}_{side}")
                for word in ("initial", "maintenance")
                for side in ("long", "short")
            ),
        )
        netted = sides.join(self.instruments.lazy(), on="instrument", how="left").with_columns(
            *(
                expression
                for word in ("initial", "maintenance")
                for expression in (
                    (2 * pl.min_horizontal(f"{word}_long", f"{word}_short")).alias(f"{word}_netted"),
                    (pl.col(f"{word}_long") - pl.col(f"{word}_short")).alias(f"{word}_left"),
                )
            )
        )
        groups = netted.group_by("group").agg(
            pl.col("variation").sum(),
            *(expression for word in ("initial", "maintenance") for expression in self._by_direction(word)),
        )
        return self._finish(groups.sort("group").collect())

    @staticmethod
    def _by_direction(word: str) -> list[pl.Expr]:
        left = pl.col(f"{word}_left")
        way = left * pl.col("unit")
        return [
            pl.col(f"{word}_netted").sum(),
            left.abs().filter(way > 0).sum().alias(f"{word}_up"),
            left.abs().filter(way < 0).sum().alias(f"{word}_down"),
            left.abs().filter(way == 0).sum().alias(f"{word}_flat"),
        ]

    def _finish(self, groups: pl.DataFrame) -> Margins:
        """Match the few groups left, with the kernel's own function: the same small tail on both sides."""
        found = self.columns.groups
        size = len(found.groups)
        taken: dict[str, tuple[float, float]] = {}
        rows = groups["group"].to_numpy()
        for word in ("initial", "maintenance"):
            directional, netted = np.zeros((size, 3)), groups[f"{word}_netted"].sum()
            directional[rows] = groups.select(f"{word}_up", f"{word}_down", f"{word}_flat").to_numpy()
            left, crossed = match_groups(
                directional,
                found.classes,
                found.matches,
                found.base,
                found.quote,
                found.currencies,
                self.table.cross_table,
            )
            within = self.table.offset_rates[found.classes] * (directional - left)[:, :2].sum(axis=1)
            offset = netted + within.sum() + (self.table.cross_table[:, 3] * crossed).sum()
            taken[word] = (netted + directional.sum(), netted + directional.sum() - offset)
        return Margins(
            gross_initial=taken["initial"][0],
            initial=taken["initial"][1],
            gross_maintenance=taken["maintenance"][0],
            maintenance=taken["maintenance"][1],
            variation=float(groups["variation"].sum()),
        )
