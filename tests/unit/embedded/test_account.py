"""Who runs the servers."""

import os
import stat
from pathlib import Path

import pytest

from embedded.account import Account
from embedded.program import rotate
from embedded.server import kept_password, socket_folder, tail

OTHER = Account(uid=65_534, gid=65_534)


def test_a_secret_is_private_even_where_a_laxer_file_was(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.touch(mode=0o644)
    Account().secret(path, "x")
    assert path.read_text() == "x"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_password_is_made_once(tmp_path: Path) -> None:
    first = kept_password(tmp_path / "password")
    assert len(first) >= 32
    assert kept_password(tmp_path / "password") == first
    assert kept_password(tmp_path / "other") != first


def test_ourselves_reach_everything_and_stay_where_we_are(tmp_path: Path) -> None:
    assert Account().reaches(tmp_path)
    assert Account().home(tmp_path / "x") == tmp_path / "x"
    assert Account().popen == {}


@pytest.mark.skipif(os.geteuid() == 65_534, reason="this is the other user itself")
def test_a_closed_parent_is_out_of_reach(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0o700)
    assert not OTHER.reaches(closed / "inner")


@pytest.mark.skipif(os.geteuid() == 65_534, reason="this is the other user itself")
def test_a_stand_in_is_remembered_by_the_folder_and_no_other(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    first = OTHER.home(tmp_path / "one" / "postgres")
    assert OTHER.home(tmp_path / "one" / "postgres") == first
    assert first != tmp_path / "one" / "postgres"
    assert OTHER.home(tmp_path / "two" / "postgres") != first


def test_a_long_folder_gets_a_short_socket(tmp_path: Path) -> None:
    short = socket_folder(tmp_path / ("x" * 100), Account())
    try:
        assert len(os.fsencode(short)) < 80
        assert stat.S_IMODE(short.stat().st_mode) == 0o700
    finally:
        short.rmdir()


def test_a_log_is_cut_and_its_end_kept(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    log.write_bytes(b"a" * 50 + b"b" * 60)
    rotate(log, limit=100)
    assert log.stat().st_size == 0
    assert (tmp_path / "api.log.1").read_bytes() == b"b" * 50
    log.write_bytes(b"c")
    rotate(log, limit=100)
    assert log.read_bytes() == b"c"


def test_the_end_of_a_log(tmp_path: Path) -> None:
    assert tail(tmp_path / "none") == "(no log)"
    (tmp_path / "log").write_text("one\ntwo\nthree\n")
    assert tail(tmp_path / "log", lines=2) == "two | three"
