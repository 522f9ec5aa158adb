from compute.warmup import warm


def test_every_kernel_is_run_once() -> None:
    timings = warm()
    assert {"gbm", "margin house", "margin schedule", "optimise", "var"} <= set(timings)
    assert all(milliseconds > 0 for milliseconds in timings.values())
