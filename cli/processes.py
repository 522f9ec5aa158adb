"""`collateral worker` and `collateral reconciler`: single processes, for production and for the supervisor."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.connect import load_settings
from cli.options import StateDir
from core.logs import configure_logs
from core.names import Device, Queue
from core.settings import FIELDS, Settings

Hardware = Annotated[Device, typer.Option(help="The device class to serve: cpu, gpu or ane; it has to be there.")]
Queues = Annotated[str, typer.Option(help="Queues by comma; default: all of the device class.")]
Concurrency = Annotated[int, typer.Option(min=0, help="Child processes; 0: as MARGIN_CALCULATION_WORKERS says.")]
Broker = Annotated[str, typer.Option(help="Redis address without a database number; wins over the environment.")]
DatabaseUrl = Annotated[str, typer.Option("--database", help="Postgres address; wins over the environment.")]


def register(app: typer.Typer) -> None:
    """Add `worker` and `reconciler`."""
    app.command("worker", help="Serve queues with one worker; SIGTERM lets running jobs finish.")(worker)
    app.command("reconciler", help="Find what was committed and not carried out; several may run.")(reconciler)


def worker(
    hardware: Hardware = Device.CPU,
    queues: Queues = "",
    concurrency: Concurrency = 0,
    broker: Broker = "",
    database: DatabaseUrl = "",
    state_dir: StateDir = None,
) -> None:
    """Run one worker in the foreground."""
    os.environ["REMAP_SIGTERM"] = "SIGQUIT"  # before anything of Celery's worker is imported
    settings = _settings(state_dir, broker, database)
    from workers.process import run_worker

    served = [_queue(name) for name in queues.split(",") if name.strip()]
    raise typer.Exit(run_worker(settings, device=_concrete(hardware), queues=served, concurrency=concurrency))


def reconciler(broker: Broker = "", database: DatabaseUrl = "", state_dir: StateDir = None) -> None:
    """Run one reconciler in the foreground."""
    settings = _settings(state_dir, broker, database)
    from services.reconcile import Reconciler
    from services.runtime import Runtime

    runtime = Runtime.for_process(settings, pool_size=2)
    reconciling = Reconciler(runtime)

    def leave(*_: Any) -> None:
        reconciling.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    reconciling.run_forever()
    runtime.close()


def _settings(state_dir: Path | None, broker: str, database: str) -> Settings:
    """Return the settings, and write them into the environment, where the pool's children read them."""
    settings = load_settings(state_dir)
    if broker:
        settings = replace(settings, redis_url=broker)
    if database:
        settings = replace(settings, database_url=database)
    settings.require_database()
    _ = settings.broker_base
    for item in FIELDS:
        value = getattr(settings, item.name)
        if value != item.default:
            os.environ[item.metadata["env"]] = str(value)
    configure_logs(settings.log_level)
    return settings


def _queue(name: str) -> Queue:
    try:
        return Queue(name.strip())
    except ValueError:
        known = ", ".join(queue.value for queue in Queue)
        raise typer.BadParameter(f"There is no queue {name.strip()!r}; the queues are {known}.") from None


def _concrete(device: Device) -> Device:
    if device is Device.AUTO:
        raise typer.BadParameter("A worker serves a device that is named: cpu, gpu or ane.")
    return device
