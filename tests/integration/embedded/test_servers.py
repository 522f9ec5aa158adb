"""The bundled servers: start, crash, orphan, stop; nothing of theirs is left running."""

import os
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from embedded.account import Account
from embedded.errors import ServerStartError
from embedded.identity import Identity
from embedded.postgres import Postgres
from embedded.server import socket_folder
from embedded.valkey import Valkey
from tests.guard import Guard
from tests.integration.embedded.handle import ended

pytestmark = pytest.mark.integration


@pytest.fixture
def folder(guard: Guard) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nct-"))
    folder.chmod(0o711)
    guard.folder(folder)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _started(server: Postgres | Valkey, guard: Guard) -> Identity:
    server.start()
    assert server.identity is not None
    guard.process(server.identity)
    return server.identity


def test_postgres_keeps_its_data_over_a_crash(folder: Path, guard: Guard) -> None:
    server = Postgres(folder / "postgres")
    first = _started(server, guard)
    with psycopg.connect(server.url) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    server.kill()
    assert not first.alive
    second = _started(server, guard)
    with psycopg.connect(server.url) as connection:
        assert connection.execute("SELECT n FROM kept").fetchall() == [(7,)]
    server.stop()
    assert not second.alive


def test_postgres_left_by_a_dead_parent_is_reaped(folder: Path, guard: Guard) -> None:
    forgotten = Postgres(folder / "postgres")
    orphan = _started(forgotten, guard)
    heir = Postgres(folder / "postgres")
    _started(heir, guard)
    assert not orphan.alive
    heir.stop()
    forgotten.stop()


def test_postgres_leaves_a_foreign_process_alone(folder: Path, guard: Guard) -> None:
    server = Postgres(folder / "postgres")
    _started(server, guard)
    server.stop()
    (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{server.data}\n", encoding="utf-8")
    _started(server, guard)  # we are alive, so the pid in the file was not signalled
    server.stop()


def test_postgres_refuses_a_wrong_password_and_other_addresses(folder: Path, guard: Guard) -> None:
    server = Postgres(folder / "postgres")
    _started(server, guard)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://collateral:wrong@127.0.0.1:{server.port}/collateral").close()
    listening = psycopg.connect(server.url)
    assert listening.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
    listening.close()
    assert stat.S_IMODE((folder / "postgres" / "password").stat().st_mode) == 0o600
    server.stop()


def test_postgres_takes_a_folder_with_a_long_path(folder: Path, guard: Guard) -> None:
    long = folder / ("x" * 60) / ("y" * 60)
    server = Postgres(long)
    _started(server, guard)
    server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its servers to another user")
def test_root_hands_postgres_to_nobody(folder: Path, guard: Guard) -> None:
    server = Postgres(folder / "postgres")
    identity = _started(server, guard)
    process = identity.process
    assert process is not None
    assert process.uids().real == Account.current().uid != 0
    server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its servers to another user")
def test_a_folder_closed_to_nobody_gets_a_stand_in(folder: Path, guard: Guard) -> None:
    folder.chmod(0o700)
    server = Postgres(folder / "postgres")
    stand_in = server.data.parent
    guard.folder(stand_in.parent)
    _started(server, guard)
    server.stop()
    assert folder not in stand_in.parents
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700  # nobody's reach was not widened
    shutil.rmtree(stand_in.parent)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands its servers to another user")
def test_programs_closed_to_nobody_are_copied_with_their_libraries(
    folder: Path, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Account, "reaches", lambda _self, _path: False)
    for server in (Postgres(folder / "postgres"), Valkey(folder / "valkey")):
        identity = _started(server, guard)
        process = identity.process
        assert process is not None
        assert Path(process.exe()).is_relative_to(folder)
        server.stop()


def test_valkey_keeps_its_data_over_a_crash(folder: Path, guard: Guard) -> None:
    server = Valkey(folder / "valkey")
    first = _started(server, guard)
    with redis.Redis.from_url(f"{server.url}/0") as client:
        client.set("kept", "7")
        client.execute_command("WAITAOF", 1, 0, 5000)
    server.kill()
    assert not first.alive
    second = _started(server, guard)
    with redis.Redis.from_url(f"{server.url}/0") as client:
        assert client.get("kept") == b"7"
    server.stop()
    assert not second.alive


def test_valkey_left_by_a_dead_parent_is_reaped(folder: Path, guard: Guard) -> None:
    forgotten = Valkey(folder / "valkey")
    orphan = _started(forgotten, guard)
    heir = Valkey(folder / "valkey")
    _started(heir, guard)
    assert not orphan.alive
    heir.stop()
    forgotten.stop()


def test_valkey_asks_for_its_password(folder: Path, guard: Guard) -> None:
    server = Valkey(folder / "valkey")
    _started(server, guard)
    with (
        redis.Redis.from_url(f"redis://127.0.0.1:{server.port}/0") as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()
    server.stop()


def test_a_port_given_is_the_port_used(folder: Path, guard: Guard) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Valkey(folder / "valkey", port=port)
    _started(server, guard)
    assert f":{port}" in server.url
    server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="an ordinary user has run every other test here")
def test_an_ordinary_user_runs_the_servers_itself(folder: Path) -> None:
    nobody = Account.current()
    nobody.own(folder)
    result = ended([sys.executable, "-m", "tests.integration.embedded.as_nobody", str(folder)])
    assert result.stdout.split() == [str(nobody.uid)] * 2, result.stderr


def test_a_strict_umask_keeps_nobody_out(folder: Path, guard: Guard) -> None:
    before = os.umask(0o077)
    try:
        server = Postgres(folder / "postgres")
        _started(server, guard)
        server.stop()
    finally:
        os.umask(before)


def test_a_foreign_socket_folder_is_not_used(folder: Path, tmp_path: Path) -> None:
    server = Postgres(folder / ("x" * 60) / ("y" * 60))
    sockets = socket_folder(server.account.home(server.folder), server.account)
    sockets.rmdir()
    sockets.symlink_to(tmp_path)
    try:
        with pytest.raises(ServerStartError, match="somebody else"):
            server.start()
    finally:
        sockets.unlink()
