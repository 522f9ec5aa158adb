import inspect
import re
from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import FIELDS, Settings
from docs.build import PAGES

SPEC_VARIABLES = set(
    re.findall(
        r"\S+",
        """
JURISDICTION ENTITY_TYPE MONITORING_INTERVAL_SECONDS WARNING_THRESHOLD CRITICAL_THRESHOLD EMERGENCY_THRESHOLD
M4_MAX_OPTIMIZED METAL_ACCELERATION NEURAL_ENGINE_ENABLED CPU_OPTIMIZATION AUTO_HARDWARE_ROUTING
MARGIN_CALCULATION_WORKERS OPTIMIZATION_CACHE_TTL MAX_CONCURRENT_CALCULATIONS CALCULATION_TIMEOUT
RISK_ENGINE_INTEGRATION MESSAGEBUS_ENABLED DATABASE_URL REDIS_HOST
""",
    )
)
ROOT = Path(__file__).parents[3]


def test_every_variable_of_the_spec_is_read_under_its_own_name():
    assert {item.metadata["env"] for item in FIELDS} >= SPEC_VARIABLES


def test_the_specs_example_block_is_accepted():
    settings = Settings.from_env(
        {
            "JURISDICTION": "US",
            "ENTITY_TYPE": "hedge_fund",
            "MONITORING_INTERVAL_SECONDS": "5",
            "WARNING_THRESHOLD": "0.80",
            "CRITICAL_THRESHOLD": "0.90",
            "EMERGENCY_THRESHOLD": "0.95",
            "M4_MAX_OPTIMIZED": "1",
            "RISK_ENGINE_INTEGRATION": "true",
            "REDIS_HOST": "redis",
        }
    )
    assert settings.monitoring_interval_seconds == 5
    assert settings.m4_max_optimized is True
    assert settings.broker_base == "redis://redis:6379"


def test_all_wrong_values_are_named_at_once():
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({"COLLATERAL_PORT": "70000", "METAL_ACCELERATION": "maybe", "CALCULATION_TIMEOUT": "nan"})
    for name in ("COLLATERAL_PORT", "METAL_ACCELERATION", "CALCULATION_TIMEOUT"):
        assert name in caught.value.detail


def test_thresholds_must_rise():
    with pytest.raises(SettingsError, match="WARNING_THRESHOLD"):
        Settings.from_env({"WARNING_THRESHOLD": "0.97"})


def test_an_empty_variable_means_the_default():
    assert Settings.from_env({"COLLATERAL_PORT": ""}).port == 9000


def test_a_password_goes_into_the_redis_address():
    settings = Settings.from_env({"REDIS_HOST": "h", "REDIS_PASSWORD": "p@s:s/w"})
    assert settings.broker_base == "redis://:p%40s%3As%2Fw@h:6379"


def test_what_is_missing_is_named():
    settings = Settings.from_env({})
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        settings.require_database()
    with pytest.raises(SettingsError, match="Redis"):
        _ = settings.broker_base
    with pytest.raises(SettingsError, match="COLLATERAL_PUBLIC_KEY_FILE"):
        settings.require_file("public_key_file")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_generated_pages_are_up_to_date(path: Path):
    assert path.read_text(encoding="utf-8") == PAGES[path](), "run `make docs`"


def test_what_is_marked_later_is_what_nothing_uses():
    folders = ("api", "beat", "cli", "compute", "embedded", "services", "storage", "tasks", "workers")
    code = "\n".join(file.read_text() for folder in folders for file in (ROOT / folder).rglob("*.py"))
    addresses = inspect.getsource(Settings.broker_base.fget)  # type: ignore[attr-defined]
    for item in FIELDS:
        words = rf"settings\.{item.name}\b|require_file\(\"{item.name}\"|{item.metadata['env']}"
        used = re.search(words, code) or f"self.{item.name}" in addresses
        assert bool(used) != item.metadata["later"], item.name
