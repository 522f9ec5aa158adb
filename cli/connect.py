"""Which cluster a command means: the one of --state-dir, the one the environment names, or the user's own."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cli.problems import ClusterError
from core.names import Role
from core.security import DEFAULT_TENANT, issue_token, load_private_key
from core.settings import Settings
from embedded.errors import NotRunningError
from embedded.state import ClusterState, Layout, cluster_environment

if TYPE_CHECKING:
    from client import Client
    from storage.database import Database

_SHORT = timedelta(minutes=15)


def load_settings(state_dir: Path | None) -> Settings:
    """Return the settings of the cluster that is meant; where none runs, those of the environment alone."""
    return Settings.from_env({**os.environ, **_cluster(state_dir)})


def subject() -> str:
    """Return the name that tokens and audit rows show for this terminal's user."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"


def private_key_file(state_dir: Path | None) -> Path:
    """Return the signing key's path: the cluster's own, else the one that the environment names."""
    own = Layout.at(state_dir).private_key
    named = os.environ.get("COLLATERAL_PRIVATE_KEY_FILE")
    if own.is_file() and (state_dir is not None or not named):
        return own
    return load_settings(state_dir).require_file("private_key_file")


def make_token(
    state_dir: Path | None, *, tenant: str, role: Role, lifetime: timedelta, bearer: str | None = None
) -> str:
    """Return a bearer token signed with the cluster's key."""
    key = load_private_key(private_key_file(state_dir))
    return issue_token(key, tenant=tenant, subject=bearer or subject(), role=role, lifetime=lifetime)


@contextmanager
def connected(
    state_dir: Path | None, *, url: str | None = None, token: str | None = None, tenant: str = DEFAULT_TENANT
) -> Iterator["Client"]:
    """Yield a client of the cluster's API; its errors leave as ClusterError, with the words of the problem document."""
    from client import Client, ClientError

    address = url or _address(state_dir)
    bearer = token or make_token(state_dir, tenant=tenant, role=Role.ADMIN, lifetime=_SHORT)
    try:
        with Client(address, bearer) as client:
            yield client
    except ClientError as error:
        raise ClusterError.of(error) from error


@contextmanager
def database_of(state_dir: Path | None) -> Iterator["Database"]:
    """Yield the cluster's own database, for what only an operator at the machine may do."""
    from storage.database import Database

    database = Database(load_settings(state_dir).require_database(), pool_size=1, application="collateral-cli")
    try:
        yield database
    finally:
        database.dispose()


def _cluster(state_dir: Path | None) -> dict[str, str]:
    if state_dir is None and os.environ.get("DATABASE_URL"):
        return {}
    try:
        return cluster_environment(state_dir)
    except NotRunningError:
        if state_dir is not None:
            raise
        return {}


def _address(state_dir: Path | None) -> str:
    state = ClusterState.read(Layout.at(state_dir))
    if state.alive and "api" in state.urls:
        return state.urls["api"]
    settings = load_settings(state_dir)
    return f"http://{settings.host}:{settings.port}"
