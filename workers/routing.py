"""Routing as a pure function: what is asked for and which workers live → a queue and the reason, stored on the job."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.names import Device, Lane, Measure, Queue
from workers.errors import DeviceUnavailableError

KERNELS: Mapping[Measure, frozenset[Device]] = {
    Measure.MARGIN: frozenset({Device.CPU}),
    Measure.OPTIMISE: frozenset({Device.CPU}),
    Measure.VAR: frozenset({Device.CPU}),
    Measure.PRICE: frozenset({Device.CPU}),
    Measure.BACKTEST: frozenset({Device.CPU}),
    Measure.WHATIF: frozenset({Device.CPU}),
    Measure.EXPLAIN: frozenset({Device.CPU}),
    Measure.COMPARE: frozenset({Device.CPU}),
    Measure.BRIDGE: frozenset({Device.CPU}),
    Measure.STRESS: frozenset({Device.CPU}),
    Measure.BREACH: frozenset({Device.CPU}),
    Measure.IMPACT: frozenset({Device.CPU}),
    Measure.NOOP: frozenset({Device.CPU, Device.GPU, Device.ANE}),
}
"""The devices for which a kernel of the measure exists; a drill runs in any worker's process."""

_ACCELERATORS = (Device.GPU, Device.ANE)


@dataclass(frozen=True, kw_only=True)
class LiveWorker:
    """A worker whose heartbeat is fresh: its device class, its queues, and what a measure costs there (measured ms)."""

    device: Device
    queues: tuple[Queue, ...]
    costs: Mapping[Measure, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Route:
    """Where a job goes, and why."""

    queue: Queue
    reason: str


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the router needs to know of a job; `predicted_ms` is its cost on cpu, None where nobody measured it."""

    measure: Measure
    lane: Lane = Lane.RT
    device: Device = Device.AUTO
    fallback: bool = False
    predicted_ms: float | None = None


def route(
    request: Request,
    live: Sequence[LiveWorker],
    *,
    automatic: bool = True,
    kernels: Mapping[Measure, frozenset[Device]] = KERNELS,
) -> Route:
    """Return the queue and the reason; raise DeviceUnavailableError for a named device that nobody serves."""
    if request.device is Device.CPU:
        return _to(Device.CPU, request.lane, "cpu was asked for")
    if request.device is Device.AUTO:
        return (
            _automatic(request, live, kernels) if automatic else _to(Device.CPU, request.lane, "auto: cpu by setting")
        )
    absence = _absence(request, request.device, live, kernels)
    if absence is None:
        name = request.device.value
        return _to(request.device, request.lane, f"{name} was asked for and a live worker serves it")
    if not request.fallback:
        raise DeviceUnavailableError(f"The device {request.device.value} is not available: {absence}.")
    return _to(Device.CPU, request.lane, f"fallback to cpu: {absence}")


def reroute_reason(queue: Queue, silent_seconds: float) -> str:
    """Return the reason stored when a job leaves a queue that no live worker has served for a while."""
    return f"re-routed to cpu: no live worker has served {queue.value} for {silent_seconds:g} s"


def cpu_queue(queue: Queue) -> Queue:
    """Return the cpu queue of the same lane."""
    return Queue.CPU_BULK if queue in {Queue.GPU_BULK, Queue.ANE_BULK, Queue.CPU_BULK} else Queue.CPU_RT


def _to(device: Device, lane: Lane, reason: str) -> Route:
    return Route(queue=Queue.of(device, lane), reason=reason)


def _absence(
    request: Request, device: Device, live: Sequence[LiveWorker], kernels: Mapping[Measure, frozenset[Device]]
) -> str | None:
    if device not in kernels[request.measure]:
        return f"the measure {request.measure.value} has no {device.value} kernel yet"
    queue = Queue.of(device, request.lane)
    if not any(queue in worker.queues for worker in live):
        return f"no live worker serves {queue.value}"
    return None


def _automatic(request: Request, live: Sequence[LiveWorker], kernels: Mapping[Measure, frozenset[Device]]) -> Route:
    absences = {device: _absence(request, device, live, kernels) for device in _ACCELERATORS}
    offers = [
        (worker.costs[request.measure], worker.device)
        for worker in live
        if request.measure in worker.costs and worker.device in absences and absences[worker.device] is None
    ]
    if offers and request.predicted_ms is not None:
        cost, device = min(offers)
        if cost < request.predicted_ms:
            return _to(
                device,
                request.lane,
                f"auto: {device.value}, {cost:.3g} ms against {request.predicted_ms:.3g} ms on cpu",
            )
        return _to(
            Device.CPU,
            request.lane,
            f"auto: cpu, {request.predicted_ms:.3g} ms against {cost:.3g} ms on {device.value}",
        )
    reasons = "; ".join(absence or f"no measured cost on {device.value}" for device, absence in absences.items())
    return _to(Device.CPU, request.lane, f"auto: cpu, {reasons}")
