"""What holds for every file, whatever its figures."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks._simm_crif import generate
from compute.crif import Crif
from compute.margin.simm.calibration import calibration
from compute.margin.simm.model import simm, worst
from compute.portfolio import Floats, Labels
from tests.unit.compute.margin.simm.crif import decoded

RELATIVE = 1e-10
SMALL = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 10_000)
TEN_DAYS, ONE_DAY = calibration("2.6", 10), calibration("2.6", 1)


def book(seed: int, *, netting_sets: int = 1, scale: float = 100.0, regulated: bool = False) -> Crif:
    return decoded(generate(60, seed=seed, netting_sets=netting_sets, scale=scale, regulated=regulated))


def taken(crif: Crif, rows: np.ndarray) -> Crif:
    """Return chosen rows, some perhaps more than once, in a given order."""
    labels = {name: Labels(codes=one.codes[rows], values=one.values) for name, one in crif.labels.items()}
    return replace(crif, labels=labels, amount=crif.amount[rows])


def totals(crif: Crif, *, side: str = "call", table: object = TEN_DAYS) -> Floats:
    found = simm(crif, table, side=side)  # type: ignore[arg-type]
    return found.total[worst(found)]


@SMALL
@given(seed=SEEDS, order=SEEDS, side=st.sampled_from(["call", "post"]))
def test_the_order_of_rows_does_not_matter(seed: int, order: int, side: str):
    crif = book(seed, netting_sets=3, regulated=True)
    shuffled = taken(crif, np.random.default_rng(order).permutation(len(crif)))
    assert totals(shuffled, side=side) == pytest.approx(totals(crif, side=side), rel=RELATIVE)


@SMALL
@given(seed=SEEDS, row=st.integers(0, 59), share=st.floats(-3.0, 4.0))
def test_a_row_may_be_split(seed: int, row: int, share: float):
    crif = book(seed)
    twice = taken(crif, np.append(np.arange(len(crif)), row))
    amount = twice.amount.copy()
    amount[row] *= share
    amount[-1] *= 1.0 - share
    split = replace(twice, amount=amount)
    assert totals(split) == pytest.approx(totals(crif), rel=1e-8)


@SMALL
@given(seed=SEEDS, factor=st.floats(1e-3, 1e3), side=st.sampled_from(["call", "post"]))
def test_without_concentration_the_margin_scales_with_the_amounts(seed: int, factor: float, side: str):
    crif = book(seed)
    scaled = replace(crif, amount=factor * crif.amount)
    assert totals(scaled, side=side, table=ONE_DAY) == pytest.approx(
        factor * totals(crif, side=side, table=ONE_DAY), rel=RELATIVE
    )


@SMALL
@given(seed=SEEDS, factor=st.floats(1.0, 1e3))
def test_a_single_name_grows_at_least_in_proportion(seed: int, factor: float):
    crif = book(seed)
    one = taken(crif, np.flatnonzero(crif.labels["risk_type"].mask("Risk_Equity"))[:1])
    grown = replace(one, amount=factor * one.amount)
    assert (totals(grown) >= factor * totals(one) * (1.0 - RELATIVE)).all()


@SMALL
@given(seed=SEEDS)
def test_netting_sets_do_not_see_each_other(seed: int):
    crif = book(seed, netting_sets=3)
    together = dict(zip(crif.netting_sets, totals(crif).tolist(), strict=True))
    for code, name in enumerate(crif.netting_sets):
        alone = taken(crif, np.flatnonzero(crif.labels["netting_set"].codes == code))
        found = simm(alone, TEN_DAYS)
        (group,) = np.flatnonzero(found.netting_set == code)[:1]
        assert found.total[group] == pytest.approx(together[name], rel=RELATIVE)


@SMALL
@given(seed=SEEDS)
def test_the_other_side_of_the_other_side_is_ours(seed: int):
    crif = book(seed)
    mirrored = replace(crif, amount=-crif.amount)  # these rows are sensitivities alone
    assert totals(mirrored, side="post") == pytest.approx(totals(crif, side="call"), rel=RELATIVE)


@SMALL
@given(seed=SEEDS)
def test_margins_are_never_negative_and_flat_books_need_none(seed: int):
    crif = book(seed)
    assert (totals(crif) >= 0.0).all()
    both = taken(crif, np.concatenate([np.arange(len(crif))] * 2))
    flat = replace(both, amount=np.concatenate([crif.amount, -crif.amount]))
    assert totals(flat) == pytest.approx(0.0, abs=RELATIVE * float(totals(crif).sum()))
