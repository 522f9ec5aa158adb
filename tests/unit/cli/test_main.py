"""The console script: lazy modules, one error handler, exit codes, tokens."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from cli.access import lifetime
from cli.main import COMMANDS, build
from cli.problems import ClusterError, UsageError, document, exit_code, report
from client import Job, JobFailedError, ProblemError, UnreachableError
from compute.errors import MissingRateError
from core.errors import CollateralError, Fault, SettingsError
from core.names import Role
from core.security import load_public_key, make_keys, verify_token
from embedded.state import Layout
from services.errors import InvalidInputError, NotFoundError
from tests.unit.cli.conftest import Run


def test_every_command_is_registered_by_its_module() -> None:
    app = build(["--help"])
    registered = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    assert registered == set(COMMANDS)


def test_only_the_module_of_the_command_is_loaded() -> None:
    code = (
        "import sys; from cli.main import build; build(['token']);"
        "print(sorted(name for name in sys.modules if name.startswith('cli.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert "cli.access" in done.stdout
    assert "cli.calc" not in done.stdout


@pytest.mark.parametrize("command", ["--help", "worker", "beat", "reconciler", "flower", "token", "migrate"])
def test_no_command_loads_the_numerics_to_register(command: str) -> None:
    code = (
        f"import sys; from cli.main import build; build([{command!r}]);"
        "print([name for name in ('numpy', 'scipy', 'numba') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("arguments", [("frob",), ("token", "--role", "king"), ("jobs", "frob"), ("calc",)])
def test_unknown_usage_exits_2(run: Run, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).code == 2


@pytest.mark.parametrize("arguments", [("bulk", "submit", "x", "--foo"), ("bulk",)])
def test_what_is_not_built_says_so(run: Run, arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.code == 2
    assert "not built yet" in done.err


def test_a_token_stands_alone_on_stdout(run: Run, tmp_path: Path) -> None:
    layout = Layout.at(tmp_path / "state")
    make_keys(layout.private_key, layout.public_key)
    done = run("token", "--role", "trader", "--tenant", "desk", "--ttl", "5m")
    assert done.code == 0
    assert done.err == ""
    bearer = verify_token(load_public_key(layout.public_key), done.out.strip())
    assert (bearer.tenant, bearer.role) == ("desk", Role.TRADER)
    assert json.loads(run("token", "--json").out)["role"] == "admin"


def test_a_token_without_a_key_says_what_to_do(run: Run) -> None:
    done = run("token")
    assert (done.code, done.out) == (2, "")
    assert "collateral up" in done.err


@pytest.mark.parametrize(
    ("text", "seconds"), [("900", 900), ("30s", 30), ("5m", 300), ("12h", 43_200), ("30d", 2_592_000)]
)
def test_durations(text: str, seconds: int) -> None:
    assert lifetime(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["0", "", "-5m", "1y", "99999d", "999999999d"])
def test_durations_that_make_no_sense(text: str) -> None:
    with pytest.raises(UsageError):
        lifetime(text)


def test_a_cluster_that_does_not_run_is_named(run: Run, tmp_path: Path) -> None:
    done = run("jobs", "ls", "--state-dir", tmp_path / "nowhere")
    assert done.code != 0
    assert "collateral up" in done.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (SettingsError("x"), 2),
        (InvalidInputError.at("/a", "x"), 2),
        (NotFoundError("job", "x"), 1),
        (CollateralError("x"), 1),
        (ClusterError("x", status=422), 2),
        (ClusterError("x", status=503), 1),
    ],
)
def test_exit_codes_follow_the_error(error: CollateralError, code: int) -> None:
    assert exit_code(error) == code


def test_an_error_is_told_with_place_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    faults = [
        Fault(pointer="/positions/0/quantity", detail="Not a number.", remedy="Send one."),
        Fault(detail="No price.", row=3, column="AAPL"),
    ]
    error = InvalidInputError(faults, remedy="Mend it.")
    assert report(error) == 2
    said = capsys.readouterr().err
    for part in ("2 faults", "/positions/0/quantity: Not a number.", "Send one.", "row 3, column AAPL", "Mend it."):
        assert part in said
    assert document(error)["errors"] == [
        {"pointer": "/positions/0/quantity", "detail": "Not a number.", "remedy": "Send one."},
        {"pointer": "", "detail": "No price.", "remedy": "", "row": 3, "column": "AAPL"},
    ]


def test_a_computation_that_refuses_names_the_place(capsys: pytest.CaptureFixture[str]) -> None:
    error = MissingRateError("No rate for EUR/USD.", pointer="/portfolio/fx", remedy="Add it.")
    assert report(error) == 2
    assert capsys.readouterr().err == "collateral: No rate for EUR/USD.\n  /portfolio/fx\n    Add it.\n"
    assert document(error)["errors"] == [
        {"pointer": "/portfolio/fx", "detail": "No rate for EUR/USD.", "remedy": "Add it."}
    ]


def test_client_errors_keep_their_words() -> None:
    fault = {"pointer": "/measure", "detail": "Unknown.", "remedy": "Use var."}
    problem = ProblemError(422, {"type": "/problems/invalid-input", "detail": "No.", "errors": [fault]})
    told = ClusterError.of(problem)
    assert (told.code, told.detail, exit_code(told)) == ("invalid-input", "No.", 2)
    assert told.faults[0].pointer == "/measure"
    assert "collateral up" in ClusterError.of(UnreachableError("gone")).remedy
    job = Job.read({"id": "j", "state": "dead", "error": {"detail": "It broke.", "remedy": "Look."}})
    assert ClusterError.of(JobFailedError(job)).remedy == "Look."
