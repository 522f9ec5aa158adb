"""The production files against the code: commands, options, ports, health checks and environment names must exist."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cli.main import COMMANDS, build
from core.settings import FIELDS
from workers.app import make_app  # noqa: F401 - the workers' application must import where the compose file runs it

ROOT = Path(__file__).parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if service["image"].startswith("nautilus-collateral"))
SETTINGS = {item.metadata["env"] for item in FIELDS}
OF_THE_IMAGES = {"POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB", "REDISCLI_AUTH", "COLLATERAL_DOMAIN"}
ONE_SHOT = {"migrate"}


def _command(name: str) -> tuple[Any, list[str]]:
    words = [str(word) for word in SERVICES[name]["command"]]
    group: Any = typer.main.get_command(build(words))
    return group.commands[words[0]], words[1:]


def _port(name: str) -> str:
    words = SERVICES[name]["command"]
    if "--port" in words:
        return str(words[words.index("--port") + 1])
    return str(SERVICES[name]["environment"]["COLLATERAL_PORT"])


def test_the_services_of_production_are_there():
    expected = {"collateral-engine", "worker-rt", "worker-bulk", "beat-1", "beat-2", "reconciler", "flower", "migrate"}
    assert set(OURS) == expected
    assert set(SERVICES) - expected == {"postgres", "redis", "caddy", "prometheus"}


@pytest.mark.parametrize("name", OURS)
def test_every_command_and_option_exists(name: str):
    command, words = _command(name)
    assert SERVICES[name]["command"][0] in COMMANDS
    context = command.make_context(command.name, words, resilient_parsing=False)
    assert context.args == []


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_environment_name_is_read_by_something(name: str):
    known = SETTINGS if name in OURS else OF_THE_IMAGES
    assert set(SERVICES[name].get("environment", {})) <= known


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT))
def test_every_lasting_service_has_a_health_check(name: str):
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries"} <= set(check)


@pytest.mark.parametrize("name", ["worker-rt", "worker-bulk", "beat-1", "beat-2", "reconciler"])
def test_the_pulse_that_is_checked_is_the_pulse_that_is_set(name: str):
    assert SERVICES[name]["environment"]["COLLATERAL_PULSE_FILE"] in SERVICES[name]["healthcheck"]["test"][1]


@pytest.mark.parametrize(("name", "path"), [("collateral-engine", "/readyz"), ("flower", "/healthcheck")])
def test_http_checks_ask_the_port_that_the_command_binds(name: str, path: str):
    port = _port(name)
    assert f"http://127.0.0.1:{port}{path}" in " ".join(SERVICES[name]["healthcheck"]["test"])
    assert port in SERVICES[name]["expose"]


def test_only_the_proxy_is_reachable_from_outside():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert all(service["networks"] == ["inside"] for name, service in SERVICES.items() if name != "caddy")


def test_the_proxy_and_prometheus_point_at_the_api():
    assert (
        f"reverse_proxy collateral-engine:{_port('collateral-engine')}" in (ROOT / "deploy" / "Caddyfile").read_text()
    )
    target = yaml.safe_load((ROOT / "deploy" / "prometheus.yml").read_text())["scrape_configs"][0]["static_configs"][0]
    metrics = SERVICES["collateral-engine"]["environment"]["COLLATERAL_METRICS_PORT"]
    assert target["targets"] == [f"collateral-engine:{metrics}"]


def test_the_broker_keeps_what_it_acknowledged_and_wants_a_password():
    lines = (ROOT / "deploy" / "redis.conf").read_text().splitlines()
    assert "appendonly yes" in lines
    assert "maxmemory-policy noeviction" in lines
    assert "--requirepass" in SERVICES["redis"]["command"]


def test_no_secret_has_a_default():
    text = (ROOT / "docker-compose.yml").read_text()
    for variable in re.findall(r"\$\{(\w*PASSWORD)([^}]*)\}", text):
        assert variable[1].startswith(":?"), variable
    example = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / "deploy" / "env.example").read_text(), re.MULTILINE))
    assert all(example[name] == "" for name in example if "PASSWORD" in name)
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", text))
    assert used == set(example)


def test_files_that_are_mounted_exist():
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).is_file(), source
            else:
                assert source in COMPOSE["volumes"]


def test_the_image_holds_every_package_and_the_hashed_lock():
    text = (ROOT / "Dockerfile").read_text()
    packages = re.search(r"^packages = (\[.*\])$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert packages is not None
    for package in yaml.safe_load(packages.group(1)):
        assert f"COPY {package} {package}\n" in text
    assert "--require-hashes -r requirements.lock" in text
    assert re.search(r"^USER collateral$", text, re.MULTILINE)
    environment = set(re.findall(r"([A-Z_]+)=", text.split("ENV ", 1)[1].split("USER")[0]))
    assert environment <= SETTINGS | {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "NUMBA_CACHE_DIR"}
