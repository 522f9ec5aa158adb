"""Routing is pure: the same wish and the same living workers give the same queue and the same reason."""

import itertools

import pytest

from core.names import Device, Lane, Measure, Queue
from workers.errors import DeviceUnavailableError
from workers.routing import KERNELS, LiveWorker, Request, cpu_queue, reroute_reason, route

GPU = LiveWorker(device=Device.GPU, queues=(Queue.GPU_RT, Queue.GPU_BULK))
ALL_KERNELS = {measure: frozenset({Device.CPU, Device.GPU, Device.ANE}) for measure in Measure}


def test_every_measure_says_where_it_has_kernels() -> None:
    assert set(KERNELS) == set(Measure)
    assert all(Device.CPU in devices for devices in KERNELS.values())


@pytest.mark.parametrize(("measure", "lane"), list(itertools.product(Measure, Lane)))
def test_auto_without_accelerators_is_cpu_and_says_why(measure: Measure, lane: Lane) -> None:
    found = route(Request(measure=measure, lane=lane), [])
    assert found.queue is Queue.of(Device.CPU, lane)
    assert found.reason.startswith("auto: cpu, ")
    assert "gpu" in found.reason


@pytest.mark.parametrize("device", [Device.GPU, Device.ANE])
def test_a_named_device_that_nobody_serves_is_refused(device: Device) -> None:
    with pytest.raises(DeviceUnavailableError, match=f"no live worker serves {device.value}.bulk"):
        route(Request(measure=Measure.NOOP, lane=Lane.BULK, device=device), [])


def test_a_named_device_without_a_kernel_is_refused_although_a_worker_lives() -> None:
    with pytest.raises(DeviceUnavailableError, match="the measure var has no gpu kernel yet"):
        route(Request(measure=Measure.VAR, device=Device.GPU), [GPU])


def test_a_fallback_says_what_was_missing() -> None:
    found = route(Request(measure=Measure.VAR, device=Device.GPU, fallback=True), [GPU])
    assert found.queue is Queue.CPU_RT
    assert found.reason == "fallback to cpu: the measure var has no gpu kernel yet"


def test_a_named_device_that_is_served_is_taken() -> None:
    assert route(Request(measure=Measure.NOOP, device=Device.GPU), [GPU]).queue is Queue.GPU_RT


def test_a_worker_of_another_lane_does_not_count() -> None:
    bulk_only = LiveWorker(device=Device.GPU, queues=(Queue.GPU_BULK,))
    with pytest.raises(DeviceUnavailableError):
        route(Request(measure=Measure.NOOP, device=Device.GPU), [bulk_only])


@pytest.mark.parametrize(("cost", "queue"), [(2.0, Queue.GPU_RT), (80.0, Queue.CPU_RT)])
def test_auto_follows_the_measured_cost(cost: float, queue: Queue) -> None:
    worker = LiveWorker(device=Device.GPU, queues=(Queue.GPU_RT,), costs={Measure.VAR: cost})
    wish = Request(measure=Measure.VAR, predicted_ms=40.0)
    found = route(wish, [worker], kernels=ALL_KERNELS)
    assert found.queue is queue
    assert f"{cost:.3g} ms" in found.reason
    assert "40 ms" in found.reason


def test_auto_does_not_guess_a_cost() -> None:
    found = route(Request(measure=Measure.VAR, predicted_ms=40.0), [GPU], kernels=ALL_KERNELS)
    assert found.queue is Queue.CPU_RT
    assert "no measured cost on gpu" in found.reason


def test_auto_by_setting_is_always_cpu() -> None:
    worker = LiveWorker(device=Device.GPU, queues=(Queue.GPU_RT,), costs={Measure.VAR: 0.1})
    wish = Request(measure=Measure.VAR, predicted_ms=40.0)
    assert route(wish, [worker], automatic=False, kernels=ALL_KERNELS).queue is Queue.CPU_RT


def test_cpu_by_name_is_cpu() -> None:
    assert route(Request(measure=Measure.VAR, device=Device.CPU), [GPU]).reason == "cpu was asked for"


def test_a_reroute_keeps_the_lane() -> None:
    assert [cpu_queue(queue) for queue in Queue] == [
        Queue.CPU_RT,
        Queue.CPU_BULK,
        Queue.CPU_RT,
        Queue.CPU_BULK,
        Queue.CPU_RT,
        Queue.CPU_BULK,
        Queue.CPU_RT,
    ]
    assert "gpu.rt for 10 s" in reroute_reason(Queue.GPU_RT, 10.0)
