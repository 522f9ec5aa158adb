"""Task names: a sender names a task and never imports it."""

EXECUTE = "collateral.execute"  # args: [job id]
TICK = "collateral.tick"  # args: [schedule id]
HOUSEKEEPING = "collateral.housekeeping"  # no arguments
