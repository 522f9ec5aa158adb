"""Settings: every environment variable that the project reads, validated once at start.

`FIELDS` is the one table: `docs/settings.md` is written from it and a test holds the two together.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import SettingsError


def _text(value: str) -> str:
    return value.strip()


def _flag(value: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    try:
        return words[value.strip().lower()]
    except KeyError:
        raise ValueError("must be one of 1, true, yes, on, 0, false, no, off") from None


def _integer(minimum: int, maximum: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        number = int(value)
        if not minimum <= number <= maximum:
            raise ValueError(f"must be a whole number from {minimum} to {maximum}")
        return number

    return read


def _decimal(minimum: float, maximum: float) -> Callable[[str], float]:
    def read(value: str) -> float:
        number = float(value)
        if not minimum <= number <= maximum:
            raise ValueError(f"must be a number from {minimum} to {maximum}")
        return number

    return read


def _choice(*options: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in options:
            raise ValueError(f"must be one of {', '.join(options)}")
        return value

    return read


def _setting(env: str, default: Any, read: Callable[[str], Any], doc: str, *, later: bool = False) -> Any:
    """One setting: its environment variable, default, reader and documentation; `later` names what nothing uses yet."""
    return field(default=default, metadata={"env": env, "read": read, "doc": doc, "later": later})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What this process was told by its environment; every value is validated."""

    # Services
    database_url: str = _setting(
        "DATABASE_URL", "", _text, "Postgres address: postgresql://user:password@host:5432/name. Required by services."
    )
    redis_host: str = _setting("REDIS_HOST", "", _text, "Redis host; used when COLLATERAL_REDIS_URL is not set.")
    redis_port: int = _setting("REDIS_PORT", 6379, _integer(1, 65535), "Redis port beside REDIS_HOST.")
    redis_password: str = _setting("REDIS_PASSWORD", "", _text, "Redis password beside REDIS_HOST.")
    redis_url: str = _setting(
        "COLLATERAL_REDIS_URL",
        "",
        _text,
        "Redis address without a database number, redis:// or unix://; wins over REDIS_HOST.",
    )
    state_dir: str = _setting(
        "COLLATERAL_STATE_DIR", "", _text, "Folder of the embedded cluster; default: the user's state folder."
    )
    pulse_file: str = _setting(
        "COLLATERAL_PULSE_FILE",
        "",
        _text,
        "File that a worker, beat or reconciler touches to show its supervisor life.",
    )
    log_level: str = _setting(
        "COLLATERAL_LOG_LEVEL", "INFO", _choice("DEBUG", "INFO", "WARNING", "ERROR"), "Least severe log line written."
    )
    # HTTP
    host: str = _setting("COLLATERAL_HOST", "127.0.0.1", _text, "Address that the API binds.")
    port: int = _setting("COLLATERAL_PORT", 9000, _integer(0, 65535), "Port of the API.")
    metrics_port: int = _setting(
        "COLLATERAL_METRICS_PORT", 9464, _integer(0, 65535), "Internal port of the API's /metrics; 0 picks a free one."
    )
    metrics_dir: str = _setting(
        "PROMETHEUS_MULTIPROC_DIR", "", _text, "Folder where the processes of one machine share their metric values."
    )
    public_key_file: str = _setting(
        "COLLATERAL_PUBLIC_KEY_FILE",
        "",
        _text,
        "Ed25519 public key (PEM) that verifies bearer tokens. Required by the API.",
    )
    private_key_file: str = _setting(
        "COLLATERAL_PRIVATE_KEY_FILE",
        "",
        _text,
        "Ed25519 private key (PEM), mode 0600; only `collateral token` reads it.",
    )
    flower_port: int = _setting("COLLATERAL_FLOWER_PORT", 5555, _integer(0, 65535), "Port of Flower.")
    flower_user: str = _setting("COLLATERAL_FLOWER_USER", "operator", _text, "User name that Flower asks for.")
    flower_password: str = _setting(
        "COLLATERAL_FLOWER_PASSWORD", "", _text, "Password that Flower asks for; it does not start without one."
    )
    # Job lifecycle
    lease_seconds: float = _setting(
        "COLLATERAL_LEASE_SECONDS", 10.0, _decimal(0.5, 600), "How long a claim lasts without a heartbeat."
    )
    reconcile_seconds: float = _setting(
        "COLLATERAL_RECONCILE_SECONDS", 1.0, _decimal(0.1, 60), "Pause between two passes of the reconciler."
    )
    worker_lost_seconds: float = _setting(
        "COLLATERAL_WORKER_LOST_SECONDS", 10.0, _decimal(0.5, 600), "Silence after which a worker counts as gone."
    )
    interactive_budget_ms: float = _setting(
        "COLLATERAL_INTERACTIVE_BUDGET_MS",
        20.0,
        _decimal(0, 1000),
        "Predicted cost up to which the API computes itself.",
    )
    drills_enabled: bool = _setting(
        "COLLATERAL_DRILLS_ENABLED", False, _flag, "Allow the noop measure; the embedded cluster turns it on."
    )
    quota_queued_jobs: int = _setting(
        "COLLATERAL_QUOTA_QUEUED_JOBS",
        100_000,
        _integer(1, 10_000_000),
        "Unfinished jobs a tenant may have; more is 429.",
    )
    retention_days: int = _setting(
        "COLLATERAL_RETENTION_DAYS", 400, _integer(1, 36_500), "Age at which housekeeping removes finished jobs."
    )
    # The spec's own names
    jurisdiction: str = _setting(
        "JURISDICTION", "US", _choice("US", "EU", "UK", "SG"), "Regulatory jurisdiction of reports.", later=True
    )
    entity_type: str = _setting("ENTITY_TYPE", "hedge_fund", _text, "Entity type for regulatory reports.", later=True)
    monitoring_interval_seconds: float = _setting(
        "MONITORING_INTERVAL_SECONDS", 5.0, _decimal(1, 86_400), "Default interval of a new schedule."
    )
    warning_threshold: float = _setting(
        "WARNING_THRESHOLD", 0.80, _decimal(0, 10), "Margin utilisation of a warning.", later=True
    )
    critical_threshold: float = _setting(
        "CRITICAL_THRESHOLD", 0.90, _decimal(0, 10), "Margin utilisation of a critical alert.", later=True
    )
    emergency_threshold: float = _setting(
        "EMERGENCY_THRESHOLD", 0.95, _decimal(0, 10), "Margin utilisation of an emergency.", later=True
    )
    m4_max_optimized: bool = _setting(
        "M4_MAX_OPTIMIZED", True, _flag, "Off: this node's accelerators are neither probed nor used."
    )
    metal_acceleration: bool = _setting("METAL_ACCELERATION", True, _flag, "Off: this node offers no gpu device.")
    neural_engine_enabled: bool = _setting("NEURAL_ENGINE_ENABLED", True, _flag, "Off: this node offers no ane device.")
    cpu_optimization: bool = _setting(
        "CPU_OPTIMIZATION", True, _flag, "Off: kernels run on one thread in every process."
    )
    auto_hardware_routing: bool = _setting("AUTO_HARDWARE_ROUTING", True, _flag, "Off: device auto always means cpu.")
    margin_calculation_workers: int = _setting(
        "MARGIN_CALCULATION_WORKERS", 0, _integer(0, 1024), "Child processes of a cpu worker; 0 means one a core."
    )
    optimization_cache_ttl: int = _setting(
        "OPTIMIZATION_CACHE_TTL", 300, _integer(0, 604_800), "Seconds that a result stays in the Redis cache."
    )
    resident_positions: int = _setting(
        "COLLATERAL_RESIDENT_POSITIONS",
        500_000,
        _integer(0, 100_000_000),
        "Positions of stored portfolios that an API process holds ready between requests; about 200 bytes each.",
    )
    max_concurrent_calculations: int = _setting(
        "MAX_CONCURRENT_CALCULATIONS", 100, _integer(1, 100_000), "Calculations the API holds at once; more is 503."
    )
    calculation_timeout: float = _setting(
        "CALCULATION_TIMEOUT", 30.0, _decimal(0.1, 86_400), "Seconds a calculation route waits before it answers 202."
    )
    risk_engine_integration: bool = _setting(
        "RISK_ENGINE_INTEGRATION", False, _flag, "Feed of an external risk engine.", later=True
    )
    messagebus_enabled: bool = _setting(
        "MESSAGEBUS_ENABLED", True, _flag, "Relay job events to the Redis stream `collateral:events`."
    )

    def __post_init__(self) -> None:
        if not self.warning_threshold < self.critical_threshold < self.emergency_threshold:
            raise SettingsError(
                "WARNING_THRESHOLD, CRITICAL_THRESHOLD and EMERGENCY_THRESHOLD must rise in this order.",
                remedy="Set for example 0.80, 0.90 and 0.95.",
            )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read all settings; raise one SettingsError that names every variable that cannot be used."""
        environ = os.environ if environ is None else environ
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for item in fields(cls):
            env = item.metadata["env"]
            if environ.get(env, "") == "":
                continue
            try:
                values[item.name] = item.metadata["read"](environ[env])
            except ValueError as error:
                wrong.append(f"{env}: {error}")
        if wrong:
            raise SettingsError("; ".join(wrong), remedy="docs/settings.md lists every variable with its range.")
        return cls(**values)

    @property
    def broker_base(self) -> str:
        """The Redis address without a database number; raise SettingsError if none is set."""
        if self.redis_url:
            return self.redis_url.rstrip("/")
        if self.redis_host:
            secret = f":{quote(self.redis_password, safe='')}@" if self.redis_password else ""
            return f"redis://{secret}{self.redis_host}:{self.redis_port}"
        raise SettingsError(
            "No Redis address is set.", remedy="Set COLLATERAL_REDIS_URL or REDIS_HOST, or run `collateral up`."
        )

    def require_database(self) -> str:
        """Return DATABASE_URL or raise SettingsError."""
        if not self.database_url:
            raise SettingsError("DATABASE_URL is not set.", remedy="Set it, or run `collateral up`.")
        return self.database_url

    def require_file(self, name: str) -> Path:
        """Return the path in a `*_file` setting or raise SettingsError naming its variable."""
        env = next(item.metadata["env"] for item in fields(self) if item.name == name)
        path = Path(getattr(self, name))
        if not getattr(self, name) or not path.is_file():
            raise SettingsError(f"{env} must name a readable file.", remedy="`collateral up` makes both keys.")
        return path


FIELDS = fields(Settings)
