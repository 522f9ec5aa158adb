"""What the one-machine cluster raises.

EmbeddedError (core.errors.CollateralError)
├── ServerStartError          a bundled server did not come up; its log is named
├── StateDirectoryError       the state directory cannot be used
├── PortTakenError            somebody else listens on the port asked for
├── AlreadyRunningError       a supervisor already serves this state directory
├── NotRunningError           no supervisor serves this state directory
└── ChildFailedError          a process of the cluster does not come up
"""

from core.errors import CollateralError


class EmbeddedError(CollateralError):
    """The one-machine cluster cannot do this."""

    code = "embedded-error"


class ServerStartError(EmbeddedError):
    """A bundled server did not come up."""

    code = "server-start-failed"


class StateDirectoryError(EmbeddedError):
    """The state directory cannot be used."""

    code = "state-directory-unusable"
    remedy = "Name another with --state-dir or COLLATERAL_STATE_DIR."


class PortTakenError(EmbeddedError):
    """The port is taken."""

    code = "port-taken"
    remedy = "Choose another with --port, or stop the program that listens there."


class AlreadyRunningError(EmbeddedError):
    """A cluster already runs on this state directory."""

    code = "already-running"
    remedy = "`collateral status` shows it, `collateral down` stops it; --state-dir starts another beside it."


class NotRunningError(EmbeddedError):
    """No cluster runs on this state directory."""

    code = "not-running"
    remedy = "Start one with `collateral up`."


class ChildFailedError(EmbeddedError):
    """A process of the cluster does not come up."""

    code = "child-failed"
