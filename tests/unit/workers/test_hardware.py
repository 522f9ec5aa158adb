"""The probe is honest: what is not there is absent with a reason, and nothing is invented."""

import platform

import pytest

from core.names import Device, Queue
from core.settings import Settings
from workers import hardware
from workers.errors import HardwareMissingError
from workers.hardware import Finding, Hardware, probe, require
from workers.process import default_concurrency, default_queues


def machine(**found: Finding) -> Hardware:
    absent = Finding(found=False, detail="not in this test")
    fields = {"metal": absent, "neural_engine": absent, "cuda": absent, **found}
    return Hardware(cpu_model="a cpu", cpu_cores=4, memory_gib=8.0, **fields)


def test_the_probe_of_this_machine() -> None:
    found = probe(Settings())
    assert found.cpu_cores >= 1
    assert found.memory_gib > 0
    assert found.cpu_model
    for finding in (found.metal, found.neural_engine, found.cuda):
        assert finding.detail


@pytest.mark.skipif(platform.system() == "Darwin", reason="Apple hardware may be there")
def test_no_apple_hardware_elsewhere() -> None:
    found = probe(Settings())
    assert not found.metal.found
    assert not found.neural_engine.found
    assert platform.system() in found.metal.detail


def test_settings_hide_and_say_so() -> None:
    found = probe(Settings(m4_max_optimized=False))
    assert not any(finding.found for finding in (found.metal, found.neural_engine, found.cuda))
    assert "M4_MAX_OPTIMIZED" in found.cuda.detail


def test_apple_hardware_is_read_from_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "system_profiler": "Chipset Model: Apple M4 Max\n Metal Support: Metal 3",
        "ioreg": "+-o H11ANE  <class H11ANEIn>",
        "sysctl": "Apple M4 Max",
    }
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setattr(hardware, "_ask", lambda *command: answers.get(command[0], ""))
    found = probe(Settings())
    assert found.metal == Finding(found=True, detail="Apple M4 Max (Metal)")
    assert found.neural_engine.found
    assert found.cpu_model == "Apple M4 Max"
    monkeypatch.setattr(hardware, "_ask", lambda *_: "")
    bare = probe(Settings())
    assert not bare.metal.found
    assert not bare.neural_engine.found


def test_cuda_needs_a_device_not_only_the_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.hardware.shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(hardware, "_ask", lambda *_: "")
    assert not probe(Settings()).cuda.found
    monkeypatch.setattr(hardware, "_ask", lambda *_: "NVIDIA H200\nNVIDIA H200")
    assert probe(Settings()).cuda == Finding(found=True, detail="NVIDIA H200")


def test_a_tool_that_fails_or_is_not_there_says_nothing() -> None:
    assert hardware._ask("no-such-tool-anywhere") == ""
    assert hardware._ask("false") == ""


def test_no_device_no_worker() -> None:
    require(machine(), Device.CPU)
    for device in (Device.GPU, Device.ANE):
        with pytest.raises(HardwareMissingError, match="not in this test"):
            require(machine(), device)
    require(machine(cuda=Finding(found=True, detail="H200")), Device.GPU)
    require(machine(neural_engine=Finding(found=True, detail="ANE")), Device.ANE)


def test_defaults_of_a_worker() -> None:
    assert default_queues(Device.CPU) == (Queue.CPU_RT, Queue.CPU_BULK, Queue.MONITOR)
    assert default_queues(Device.ANE) == (Queue.ANE_RT, Queue.ANE_BULK)
    assert default_concurrency(Settings(), Device.CPU, machine()) == 4
    assert default_concurrency(Settings(margin_calculation_workers=7), Device.CPU, machine()) == 7
    assert default_concurrency(Settings(margin_calculation_workers=7), Device.GPU, machine()) == 1
