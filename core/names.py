"""The words of the system: states, queues, devices, measures and roles, each spelled once."""

from enum import StrEnum


class JobState(StrEnum):
    """Where a job stands; Postgres holds the truth."""

    QUEUED = "queued"  # committed, waiting for a worker to claim it
    RUNNING = "running"  # claimed under a lease by exactly one attempt
    DONE = "done"  # a result is stored
    FAILED = "failed"  # cannot succeed: its input, its deadline or its device says so
    DEAD = "dead"  # its attempts are used up; waits for an audited replay
    CANCELLED = "cancelled"  # somebody asked for it to stop, and it did

    @property
    def is_final(self) -> bool:
        """True once nothing but an audited replay can change the job."""
        return self not in {JobState.QUEUED, JobState.RUNNING}


class Measure(StrEnum):
    """What a job computes; `compute.measures` maps each to its kernel."""

    MARGIN = "margin"  # initial, maintenance and variation margin of a portfolio
    OPTIMISE = "optimise"  # the offsets recognised, each benefit, and what remains gross
    VAR = "var"  # value at risk and expected shortfall
    BACKTEST = "backtest"  # a margin model's daily margin against the losses that followed
    PRICE = "price"  # price and greeks of every position
    WHATIF = "whatif"  # every figure before and after a basket of trades, cash and collateral, and its limits
    EXPLAIN = "explain"  # a margin figure as steps, contributions, marginal and stand-alone figures
    COMPARE = "compare"  # several models side by side, and what each needs to cover the same losses
    BRIDGE = "bridge"  # why a margin is not what a stored earlier one was, in steps that sum to the difference
    STRESS = "stress"  # profit and loss, margin and what is left in every scenario and on a grid
    BREACH = "breach"  # how probable it is that equity falls to a threshold before a horizon
    IMPACT = "impact"  # every stored portfolio under a parameter set and under the active one
    NOOP = "noop"  # an operator's drill: sleeps, fails or allocates on request


class Device(StrEnum):
    """The hardware a job asks for, or ran on."""

    AUTO = "auto"  # the router chooses
    CPU = "cpu"  # numba, float64 accumulation
    GPU = "gpu"  # MLX on Metal or CUDA
    ANE = "ane"  # Core ML on the Apple Neural Engine


class Lane(StrEnum):
    """Urgency: a lane is a queue with its own workers, never a number."""

    RT = "rt"  # somebody is waiting
    BULK = "bulk"  # overnight and batch work


class Queue(StrEnum):
    """The seven queues; each has a direct exchange and a routing key of its own name."""

    CPU_RT = "cpu.rt"
    CPU_BULK = "cpu.bulk"
    GPU_RT = "gpu.rt"
    GPU_BULK = "gpu.bulk"
    ANE_RT = "ane.rt"
    ANE_BULK = "ane.bulk"
    MONITOR = "monitor"  # sweeps and housekeeping: never shed

    @classmethod
    def of(cls, device: Device, lane: Lane) -> "Queue":
        """Return the queue of a concrete device and a lane."""
        return cls(f"{device.value}.{lane.value}")

    @property
    def device(self) -> Device:
        """The device whose workers serve this queue; monitoring runs on cpu."""
        return Device.CPU if self is Queue.MONITOR else Device(self.value.split(".")[0])


class SetState(StrEnum):
    """Where a version of a parameter set stands; its content never changes."""

    DRAFT = "draft"  # written, by its author alone
    SUBMITTED = "submitted"  # waits for a second person
    APPROVED = "approved"  # by somebody other than its author: it may become active
    WITHDRAWN = "withdrawn"  # given up before it ever was active; kept for the jobs that used it


class Role(StrEnum):
    """What a token's bearer may do; `core.security.ROLE_GRANTS` says which permission each holds."""

    VIEWER = "viewer"  # reads portfolios, prices, jobs and results
    TRADER = "trader"  # and submits jobs, stores portfolios
    RISK_MANAGER = "risk_manager"  # and stores prices, schedules sweeps, cancels others' jobs, approves parameter sets
    OPERATOR = "operator"  # and runs drills, replays dead letters, sees the cluster
    AUDITOR = "auditor"  # reads everything of the tenant, audit rows included; changes nothing
    ADMIN = "admin"  # everything, tenants included


class Permission(StrEnum):
    """One thing a route asks of its caller."""

    READ = "read"  # portfolios, prices, jobs, results of the own tenant
    SUBMIT = "submit"  # submit and cancel own jobs, store portfolios
    MARKET = "market"  # store prices and histories
    SCHEDULE = "schedule"  # add, remove and run schedules
    PROPOSE = "propose"  # write, submit and withdraw parameter sets
    APPROVE = "approve"  # approve, activate and roll back parameter sets
    OPERATE = "operate"  # drills, dead letters, cluster
    AUDIT = "audit"  # read audit rows
    ADMINISTER = "administer"  # tenants
