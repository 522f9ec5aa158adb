import importlib
import json
from pathlib import Path

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api import problem_pages
from api.catalogue import CATALOGUE, kind_of
from api.problems import problem_of, problem_response
from compute.errors import ComputeError, InputError
from core.errors import CollateralError, Fault, PermissionDeniedError, TokenError
from services.errors import InvalidInputError, OverloadError, QuotaError
from storage.errors import KeyInFlightError, StorageUnavailableError

ROOMS = ("api.errors", "core.errors", "storage.errors", "services.errors", "workers.errors", "compute.errors")
NOT_OVER_HTTP = {"hardware-missing"}  # raised when a worker starts


def _leaves(root: type[Exception]) -> set[type[Exception]]:
    return {root}.union(*(_leaves(child) for child in root.__subclasses__()))


def test_every_code_of_every_room_is_in_the_catalogue() -> None:
    for room in ROOMS:
        importlib.import_module(room)
    found = {
        (error.__module__, str(getattr(error, "code", "")))
        for root in (CollateralError, ComputeError)
        for error in _leaves(root)
        if error.__module__ in ROOMS
    }
    unknown = {code for _, code in found} - set(CATALOGUE) - NOT_OVER_HTTP
    assert not unknown, f"add {sorted(unknown)} to api.catalogue"


def test_the_pages_are_those_of_the_catalogue() -> None:
    folder = Path(problem_pages.__file__).parents[1] / "docs" / "problems"
    assert {path.stem for path in folder.glob("*.md")} == {*CATALOGUE, "index"}
    for code in CATALOGUE:
        assert (folder / f"{code}.md").read_text(encoding="utf-8") == problem_pages.markdown(code)
    assert (folder / "index.md").read_text(encoding="utf-8") == problem_pages.index()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TokenError(), 401),
        (PermissionDeniedError(), 403),
        (InvalidInputError.at("/portfolio/positions/3/quantity", "The quantity is not finite."), 422),
        (QuotaError(), 429),
        (StorageUnavailableError(), 503),
        (OverloadError(), 503),
        (InputError("No paths.", pointer="/parameters/paths"), 422),
        (HTTPException(404), 404),
        (HTTPException(405, headers={"Allow": "GET"}), 405),
        (ZeroDivisionError("secret"), 500),
    ],
)
def test_every_problem_has_the_four_members(error: Exception, status: int) -> None:
    document = problem_of(error).document(instance="/x", request_id="r1")
    assert document["status"] == status
    assert document["type"].startswith("/problems/")
    assert document["title"]
    assert document["detail"]
    assert document["instance"] == "/x"


def test_faults_keep_their_place() -> None:
    fault = Fault(pointer="/prices/A", detail="Not finite.", remedy="Send a number.", row=3, column="A")
    document = problem_of(InvalidInputError([fault])).document()
    assert document["errors"] == [
        {"pointer": "/prices/A", "detail": "Not finite.", "remedy": "Send a number.", "row": 3, "column": "A"}
    ]


def test_a_compute_error_points_into_the_body() -> None:
    document = problem_of(InputError("No paths.", pointer="/parameters/paths", remedy="Send 1000.")).document()
    assert document["errors"][0]["pointer"] == "/parameters/paths"


@pytest.mark.parametrize(
    "error", [QuotaError(), StorageUnavailableError(), OverloadError(retry_after=0.2), KeyInFlightError()]
)
def test_what_passes_says_when_to_come_back(error: Exception) -> None:
    assert int(problem_of(error).headers["Retry-After"]) >= 1


def test_a_missing_token_names_the_scheme() -> None:
    assert problem_of(TokenError()).headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("error", [RuntimeError("password=hunter2"), CollateralError("host=10.0.0.1 password=hunter2")])
def test_a_server_error_keeps_its_particulars_to_the_log(error: Exception) -> None:
    assert "hunter2" not in json.dumps(problem_of(error).document())


def test_a_validation_error_never_echoes_the_input() -> None:
    error = RequestValidationError(
        [
            {
                "loc": ("query", "limit"),
                "msg": "Input should be a number",
                "type": "x",
                "input": float("nan"),
                "ctx": {"a": float("inf")},
            }
        ]
    )
    body = problem_response(problem_of(error)).body
    document = json.loads(bytes(body), parse_constant=pytest.fail)
    assert document["errors"][0]["column"] == "limit"


def test_an_unknown_code_counts_as_internal() -> None:
    assert kind_of("nobody-listed-this").status == 500
