from compute.warmup import warm


def test_every_kernel_is_run_once() -> None:
    timings = warm()
    assert {"gbm", "margin", "optimise", "var"} <= set(timings)
    assert all(milliseconds > 0 for milliseconds in timings.values())
