"""Waits with heartbeats, which moto's interpreter forgets: a token that is completed while its function still runs.

moto's seconds begin when the function has answered, AWS's when the state is entered: what AWS would end meanwhile goes
on here. The machine floor's interpreter ends it.
"""

from typing import Any

from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackEndpoint, HeartbeatTimedOut


def heed_heartbeats() -> None:
    """Let moto's interpreter take the outcome of a wait whenever it comes, and a heartbeat before it waits for one."""
    setattr(StateTaskServiceCallback, "_wait_for_task_token_heartbeat", _outcome)  # noqa: B010
    setattr(CallbackEndpoint, "notify_heartbeat", _beat)  # noqa: B010


def _outcome(_state: Any, env: Any, callback_endpoint: Any, heartbeat_endpoint: Any) -> Any:
    """Return how a wait ends, None when its execution does."""
    while env.is_running():
        alive = callback_endpoint.get_outcome() is not None or heartbeat_endpoint.clear_and_wait()
        if outcome := callback_endpoint.get_outcome():
            return outcome
        if not alive:
            return HeartbeatTimedOut()
    return None


def _beat(callback: Any) -> bool:
    """Take a heartbeat, and tell that there is such a token."""
    if endpoint := callback._heartbeat_endpoint:  # noqa: SLF001  as moto's own method does
        endpoint.notify()
    return True
