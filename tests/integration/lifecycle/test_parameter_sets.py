"""Jobs and parameter sets: which one a job computes with, what it pins, races of two people, and previews."""

import copy
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from compute.margin.sets import packaged_document
from compute.portfolio import Labels, Portfolio
from core.errors import CollateralError
from core.names import JobState, Lane, Measure, Role, SetState
from core.security import Principal
from services import jobs as looking
from services import parameter_set_activations as activations
from services import parameter_sets, portfolios, schedules
from services.errors import ConflictError, InvalidInputError
from services.execute import execute
from services.idempotency import Answer
from services.inputs import pack_history, resolve
from services.intake.parameters import read_parameters
from services.intake.request import JobRequest
from services.parameter_set_errors import OwnApprovalError, SetInUseError
from services.parameter_set_preview import preview
from services.parameter_set_request import SetDraft, Wish
from services.runtime import Runtime
from services.schedule_request import decode_schedule
from services.submit import submit
from storage import histories, jobs, parameter_activations
from storage.histories import NewHistory
from storage.parameter_sets import StoredSet

ANN = Principal(tenant="desk", subject="ann", role=Role.RISK_MANAGER)
BOB = replace(ANN, subject="bob")
CARL = replace(ANN, subject="carl")
NOTHING = Wish()


def house(rate: float) -> dict[str, Any]:
    document = copy.deepcopy(packaged_document("house", "1.0"))
    document["classes"]["equity"]["initial_rate"] = rate
    return document


def stored(runtime: Runtime, rate: float, name: str = "eu") -> StoredSet:
    draft = SetDraft(model="house", document=house(rate), content_hash=f"{name} {rate}")
    return parameter_sets.store(runtime, ANN, name, draft)[0]


def submitted(runtime: Runtime, rate: float, name: str = "eu") -> StoredSet:
    found = stored(runtime, rate, name)
    parameter_sets.submit(runtime, ANN, name, NOTHING)
    return found


def activated(runtime: Runtime, rate: float, name: str = "eu", **wish: Any) -> None:
    submitted(runtime, rate, name)
    parameter_sets.approve(runtime, BOB, name, NOTHING)
    activations.activate(runtime, BOB, name, Wish(**wish))


def today() -> date:
    return datetime.now(UTC).date()


def book(name: str = "book", *, as_of: date | None = None, currency: str = "USD", price: float = 100.0) -> Portfolio:
    return Portfolio(
        id=name,
        name=name,
        currency=currency,
        as_of=as_of or today(),
        ids=("p",),
        labels={"symbol": Labels.of(["S"]), "asset_class": Labels.of(["equity"]), "currency": Labels.of([currency])},
        numbers={"quantity": np.array([10.0]), "price": np.array([price]), "multiplier": np.ones(1)},
        available_cash=1_000.0,
    )


def request(portfolio: Portfolio, **given: Any) -> JobRequest:
    parameters = read_parameters(Measure.MARGIN, given)
    return JobRequest(
        measure=Measure.MARGIN,
        portfolio=portfolio,
        portfolio_id=None,
        parameters=parameters,
        given=frozenset(given),
    )


def computed(runtime: Runtime, wanted: JobRequest) -> dict[str, Any]:
    job = submit(runtime, ANN, wanted, trace="test")
    assert execute(runtime, job.id, worker="w") is JobState.DONE
    return looking.result(runtime, ANN, job.id)


def both(call: Callable[[Principal], Any], *people: Principal) -> list[Any]:
    """Let several people do the same at once; return what came back, errors included."""

    def attempt(person: Principal) -> Any:
        try:
            return call(person)
        except CollateralError as error:
            return error

    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(attempt, people))


def test_jobs_compute_with_the_set_that_is_active_on_their_date(runtime: Runtime) -> None:
    activated(runtime, 0.3)
    activated(runtime, 0.4, active_from=today() + timedelta(days=5))
    found = computed(runtime, request(book()))
    assert (found["version"], found["initial_margin"]) == ("eu@1", 300.0)
    assert found["parameter_set"]["set"] == "eu@1"
    assert len(found["parameter_set"]["content_hash"]) == 64
    later = computed(runtime, request(book(as_of=today() + timedelta(days=5))))
    assert (later["version"], later["initial_margin"]) == ("eu@2", 400.0)
    earlier = computed(runtime, request(book(as_of=today() - timedelta(days=1))))
    assert (earlier["version"], earlier["initial_margin"]) == ("1.0", 250.0)
    assert computed(runtime, request(book(), version="1.0"))["initial_margin"] == 250.0
    assert computed(runtime, request(book(), parameter_set="eu@2"))["initial_margin"] == 400.0
    assert computed(runtime, request(book(), parameter_set="packaged@1.0"))["version"] == "1.0"
    activations.roll_back(runtime, BOB, Wish(model="house"))
    assert computed(runtime, request(book()))["version"] == "1.0"


def test_rolling_back_twice_goes_further_back_and_ends_at_the_packaged_set(runtime: Runtime) -> None:
    activated(runtime, 0.3)
    activated(runtime, 0.4)
    seen = []
    for _ in range(2):
        activations.roll_back(runtime, BOB, Wish(model="house"))
        seen.append(computed(runtime, request(book()))["version"])
    assert seen == ["eu@1", "1.0"]
    with pytest.raises(ConflictError, match="nothing was active before"):
        activations.roll_back(runtime, BOB, Wish(model="house"))


def test_another_tenant_computes_with_its_own(runtime: Runtime) -> None:
    activated(runtime, 0.3)
    with runtime.database.read() as conn:
        there = resolve(conn, "other", request(book()))
        here = resolve(conn, "desk", request(book()))
    assert (there.parameters["parameter_set"], here.parameters["parameter_set"]) == ("", "eu@1")


def test_a_job_pins_the_whole_document(runtime: Runtime) -> None:
    activated(runtime, 0.3)
    job = submit(runtime, ANN, request(book()), trace="test")
    activations.roll_back(runtime, BOB, Wish(model="house"))
    with runtime.database.unit_of_work() as conn:
        claim = jobs.claim(conn, job.id, worker="w", lease_seconds=10.0, code_version="x")
    assert claim is not None
    assert claim.inputs.parameters["parameter_set"] == "eu@1"
    assert claim.inputs.parameters["tables"] == house(0.3)
    with pytest.raises(SetInUseError):
        parameter_sets.withdraw(runtime, BOB, "eu", NOTHING)


def test_names_of_sets_that_will_not_do(runtime: Runtime) -> None:
    stored(runtime, 0.3, "draft")
    draft = SetDraft(model="reg_t", document=packaged_document("reg_t", "2026-06"), content_hash="r")
    parameter_sets.store(runtime, ANN, "rt", draft)
    stored(runtime, 0.5, "gone")
    parameter_sets.withdraw(runtime, ANN, "gone", NOTHING)
    wrong = {
        "nothing": "no approved version",
        "draft": "no approved version",
        "draft@2": "no parameter set draft@2",
        "rt@1": "of reg_t, not of house",
        "gone@1": "is withdrawn",
        "a b": "names no stored",
        "draft@x": "names no stored",
        "draft@99999999999999": "names no stored",
        "packaged@9": "no packaged version",
    }
    for name, said in wrong.items():
        with runtime.database.read() as conn, pytest.raises(InvalidInputError, match=said) as caught:
            resolve(conn, "desk", request(book(), parameter_set=name))
        assert caught.value.faults[0].pointer == "/parameters/parameter_set"
    assert computed(runtime, request(book(), parameter_set="draft@1"))["initial_margin"] == 300.0


def test_a_set_of_fhs_decides_what_the_caller_does_not_give(runtime: Runtime) -> None:
    document = packaged_document("fhs", "emir-153-2013")
    document["confidence"]["other"] = 0.995
    document["liquidation_days"]["other"] = 5
    parameter_sets.store(runtime, ANN, "ccp", SetDraft(model="fhs", document=document, content_hash="c"))
    empty = replace(book(), ids=(), labels={}, numbers={name: np.empty(0) for name in book().numbers})
    wanted = request(replace(empty, labels={name: Labels.of([]) for name in book().labels}), model="fhs",
                     parameter_set="ccp@1", mpor_days=3)  # fmt: skip
    with runtime.database.read() as conn:
        found = resolve(conn, "desk", wanted).parameters
    assert (found["confidence"], found["mpor_days"]) == (0.995, 3)


def test_of_two_approvals_at_once_one_counts(runtime: Runtime) -> None:
    submitted(runtime, 0.3)
    found = both(lambda person: parameter_sets.approve(runtime, person, "eu", NOTHING), BOB, CARL, ANN)
    assert sum(isinstance(item, Answer) for item in found) == 1
    assert isinstance(found[2], OwnApprovalError)
    assert sum(isinstance(item, ConflictError) for item in found) == 1
    assert parameter_sets.show(runtime, ANN, "eu").state is SetState.APPROVED


def test_of_equal_activations_at_once_one_counts(runtime: Runtime) -> None:
    submitted(runtime, 0.3)
    parameter_sets.approve(runtime, BOB, "eu", NOTHING)
    found = both(lambda person: activations.activate(runtime, person, "eu", NOTHING), BOB, CARL, ANN)
    assert sorted(type(item).__name__ for item in found) == ["Answer", "ConflictError", "ConflictError"]


def test_an_activation_and_a_withdrawal_at_once_do_not_both_happen(runtime: Runtime) -> None:
    submitted(runtime, 0.3)
    parameter_sets.approve(runtime, BOB, "eu", NOTHING)
    steps = {
        "bob": lambda: activations.activate(runtime, BOB, "eu", NOTHING),
        "carl": lambda: parameter_sets.withdraw(runtime, CARL, "eu", NOTHING),
    }
    found = both(lambda person: steps[person.subject](), BOB, CARL)
    assert sum(isinstance(item, Answer) for item in found) == 1


def asked(runtime: Runtime, name: str = "eu", **wish: Any) -> UUID:
    def answering(job: jobs.Job) -> Answer:
        return Answer(status=202, body=str(job.id).encode())

    job_id = UUID(preview(runtime, ANN, name, Wish(**wish), trace="test", answering=answering).body.decode())
    job = looking.show(runtime, ANN, job_id)
    assert (job.measure, job.lane) == (Measure.IMPACT, Lane.BULK)
    return job_id


def impact(runtime: Runtime, name: str = "eu", **wish: Any) -> dict[str, Any]:
    job_id = asked(runtime, name, **wish)
    assert execute(runtime, job_id, worker="w") is JobState.DONE
    return looking.result(runtime, ANN, job_id)


def test_a_preview_is_what_each_portfolio_would_be_computed_as(runtime: Runtime) -> None:
    stored(runtime, 0.3)
    for name, currency in (("a", "USD"), ("b", "USD"), ("c", "EUR")):
        portfolios.store(runtime, ANN, book(name, currency=currency))
    portfolios.store(runtime, ANN, book("unpriced", price=np.nan))
    portfolios.store(runtime, ANN, book("deleted"))
    portfolios.remove(runtime, ANN, "deleted")
    portfolios.store(runtime, replace(ANN, tenant="other"), book("theirs"))
    found = impact(runtime)
    assert (found["portfolio_count"], found["computed"], found["failed"]) == (4, 3, 1)
    assert [row["portfolio_id"] for row in found["portfolios"]] == ["a", "b", "c"]
    for row in found["portfolios"]:
        assert row["before"]["initial_margin"] == 250.0
        assert row["change"]["initial_margin"] == pytest.approx(50.0, abs=1e-12)
        assert row["after"]["initial_margin"] == 300.0
    (failure,) = found["failures"]
    assert (failure["portfolio_id"], failure["pointer"]) == ("unpriced", "/positions/0/price")
    totals = {total["currency"]: total["after"]["initial_margin"] for total in found["totals"]}
    assert totals == {"EUR": 300.0, "USD": 600.0}
    assert (found["parameter_set"]["set"], found["against"]["set"]) == ("eu@1", "packaged@1.0")
    assert found["currency"] is None
    assert {row["portfolio_id"] for row in found["movers"]["up"]} == {"a", "b", "c"}
    assert found["movers"]["down"] == []


def test_a_preview_can_be_against_any_set(runtime: Runtime) -> None:
    activated(runtime, 0.4)
    stored(runtime, 0.3)
    portfolios.store(runtime, ANN, book("a"))
    found = impact(runtime)
    assert found["against"]["set"] == "eu@1"
    assert found["portfolios"][0]["change"]["initial_margin"] == pytest.approx(-100.0)
    assert found["movers"]["down"][0]["relative_change"] == pytest.approx(-0.25)
    other = impact(runtime, version=1, against="packaged@1.0")
    assert other["portfolios"][0]["change"]["initial_margin"] == pytest.approx(150.0)
    same = impact(runtime, version=1, against="eu@1")
    assert same["portfolios"][0]["change"]["initial_margin"] == 0.0
    for wrong in ("eu@9", "packaged@9", "none", "@"):
        with pytest.raises(InvalidInputError) as caught:
            impact(runtime, against=wrong)
        assert caught.value.faults[0].pointer == "/parameters/against"


def test_a_preview_reads_histories_as_they_were_when_it_was_asked_for(runtime: Runtime) -> None:
    document = packaged_document("fhs", "emir-153-2013")
    document["confidence"]["other"] = 0.995
    parameter_sets.store(runtime, ANN, "ccp", SetDraft(model="fhs", document=document, content_hash="c"))
    portfolios.store(runtime, ANN, book("a"))
    without = impact(runtime, "ccp")
    assert (without["computed"], without["failures"][0]["detail"]) == (0, "No price history is stored for S.")

    with_history(runtime, seed=1)
    found = impact(runtime, "ccp")
    (row,) = found["portfolios"]
    assert row["after"]["initial_margin"] > row["before"]["initial_margin"] > 0.0
    same = impact(runtime, "ccp", parameters={"confidence": 0.99})
    assert same["portfolios"][0]["change"]["initial_margin"] == 0.0

    job_id = asked(runtime, "ccp")
    with_history(runtime, seed=2)
    assert execute(runtime, job_id, worker="w") is JobState.DONE
    assert looking.result(runtime, ANN, job_id)["portfolios"] == found["portfolios"]


def with_history(runtime: Runtime, *, seed: int) -> None:
    days = np.arange(np.datetime64(today()) - 2_000, np.datetime64(today()))
    closes = 100.0 * np.exp(np.random.default_rng(seed).normal(0.0, 0.01, days.size).cumsum())
    packed = pack_history(days, closes)
    first, last = days[0].astype(date), days[-1].astype(date)
    new = NewHistory(symbol="S", first_date=first, last_date=last, observations=days.size, packed=packed)
    with runtime.database.unit_of_work() as conn:
        histories.put(conn, "desk", new)


def test_a_preview_of_nothing_says_so(runtime: Runtime) -> None:
    stored(runtime, 0.3)
    found = impact(runtime)
    assert (found["portfolio_count"], found["totals"], found["as_of"]) == (0, [], None)


def test_what_is_active_is_told_for_every_date(runtime: Runtime) -> None:
    activated(runtime, 0.3)
    with runtime.database.read() as conn:
        day = parameter_activations.today(conn)
    told = {item["model"]: item for item in activations.active(runtime, ANN, on=day)["items"]}
    assert told["house"]["set"] == "eu@1"
    assert told["reg_t"]["set"] == "packaged@2026-06"


def test_a_schedule_computes_with_what_is_active_unless_it_names_a_version(runtime: Runtime) -> None:
    portfolios.store(runtime, ANN, book("a"))
    activated(runtime, 0.3)
    for given, wanted in (("{}", "eu@1"), ('{"version": "1.0"}', "")):
        body = f'{{"name": "s{wanted}", "measure": "margin", "portfolio_ids": ["a"], "parameters": {given}}}'
        schedules.add(runtime, ANN, decode_schedule(body.encode(), default_every=3_600.0))
        (job_id,) = schedules.run(runtime, ANN, f"s{wanted}", trace="test").jobs
        with runtime.database.read() as conn:
            inputs = jobs.inputs(conn, "desk", job_id)
        assert inputs is not None
        assert inputs.parameters["parameter_set"] == wanted
        assert inputs.parameters["volatility"] == "given"


def test_a_preview_that_is_cancelled_stops(runtime: Runtime) -> None:
    stored(runtime, 0.3)
    for name in ("a", "b"):
        portfolios.store(runtime, ANN, book(name))
    job_id = asked(runtime)
    assert looking.cancel(runtime, ANN, job_id).state is JobState.CANCELLED
    assert execute(runtime, job_id, worker="w") is None


def test_a_preview_says_once_which_set_of_which_model(runtime: Runtime) -> None:
    stored(runtime, 0.3)
    with pytest.raises(InvalidInputError) as refused:
        asked(runtime, parameters={"model": "reg_t", "volatility": "given", "against": "active"})
    assert [fault.pointer for fault in refused.value.faults] == ["/parameters/model", "/parameters/against"]
