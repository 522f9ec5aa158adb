"""Running commands in this process, without a cluster and without this machine's environment."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog

from cli.main import main

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "REDIS_HOST", "COLLATERAL_REDIS_URL", "COLLATERAL_PRIVATE_KEY_FILE", "COLLATERAL_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLLATERAL_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str | Path) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        code = ended.value.code
        return Outcome(
            code=code if isinstance(code, int) else int(code is not None), out=captured.out, err=captured.err
        )

    return call
