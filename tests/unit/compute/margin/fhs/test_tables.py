import subprocess
import sys
import tomllib
from typing import Any

import pytest

from compute.errors import InputError, ParameterSetError
from compute.margin.fhs.request import PARAMETERS, Request, Tool
from compute.margin.fhs.tables import DEFAULT_VERSION, FOLDER, fhs_set, read_set, versions


def packaged() -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{DEFAULT_VERSION}.toml").read_text(encoding="utf-8"))


def test_figures_of_the_regulation() -> None:
    """Delegated Regulation (EU) No 153/2013, Arts 24(1), 26(1), 28(1)."""
    found = fhs_set(DEFAULT_VERSION)
    assert (found.confidence, found.mpor_days) == (0.99, 2)
    assert (found.buffer, found.stressed_weight, found.floor_days) == (0.25, 0.25, 2520)
    assert found.unverified == ()
    assert {source.paragraph for source in found.sources} >= {"Art. 24(1)", "Art. 26(1)", "Art. 28(1)(a) to (c)"}


def test_defaults_follow_the_set() -> None:
    request = Request.of({})
    assert (request.confidence, request.mpor_days, request.lookback, request.decay) == (0.99, 2, 1250, 0.97)
    assert request.apc is Tool.NONE
    assert set(PARAMETERS["apc"].choices) == {"none", "buffer", "stressed", "floor"}
    assert PARAMETERS["version"].choices == versions()


def test_an_unknown_version_is_answered_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="no fhs version 'next'") as caught:
        fhs_set("next")
    assert DEFAULT_VERSION in caught.value.remedy


@pytest.mark.parametrize(
    ("table", "key", "value", "said"),
    [
        ("procyclicality", "buffer", 1.5, "procyclicality.buffer must be from 0 to 1"),
        ("procyclicality", "stressed_weight", "much", "procyclicality.stressed_weight must be a number"),
        ("confidence", "other", 99, "confidence.other must be from 0.5"),
        ("chosen", "halflife", 3, "chosen.halflife is not a key"),
        ("liquidation_days", "other", None, "liquidation_days.other is missing"),
    ],
)
def test_a_broken_set_is_named(table: str, key: str, value: object, said: str) -> None:
    values = packaged()
    if value is None:
        del values[table][key]
    else:
        values[table][key] = value
    with pytest.raises(ParameterSetError, match=said.replace(".", r"\.")):
        read_set(values, "broken")


def test_parameters_need_no_compiler() -> None:
    code = "import sys, compute.measures; sys.exit(bool({'numba', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 - our own interpreter
