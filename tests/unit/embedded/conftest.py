"""Nothing here leaves a trace outside its own temporary folder."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def stand_ins(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where root's servers keep data that `nobody` cannot reach in a test's own folder."""
    folder = tmp_path_factory.mktemp("stand-ins")
    monkeypatch.setattr("embedded.account.ROOT_STATE", folder)
    return folder
