"""Waiting for a model whose server is away: restarted, busy, or unplugged for a while."""

from __future__ import annotations

import time
from functools import wraps
from typing import TYPE_CHECKING, TypeVar, cast

from handeye.agent.event_log import Noted
from handeye.agent.state import State
from handeye.tools.errors import ModelAway

if TYPE_CHECKING:
    from collections.abc import Callable

    from handeye.agent.loop import RunContext

Node = TypeVar("Node", bound="Callable[[State], State]")

#: Seconds that a run waits for a server altogether; what then is still away has broken the run, which can be resumed.
PATIENCE = 120.0
#: Seconds before it is tried again at first, and at most: each wait is twice the one before.
FIRST, LONGEST = 1.0, 30.0
#: Seconds after which somebody who wants to stop is heard.
EAR = 0.1


def retry_when_unavailable(context: RunContext, node: Node) -> Node:
    """The node, begun again for as long as its model is away. It must not have done anything by then."""

    @wraps(node)
    def waiting(state: State) -> State:
        waited, pause = 0.0, FIRST
        while True:
            try:
                return node(state)
            except ModelAway as error:
                if waited >= PATIENCE:
                    raise
                context.tell(Noted(step=state["step"], text=f"{error}; asking again in {pause:g} s"))
            until = time.monotonic() + pause
            while (left := until - time.monotonic()) > 0:
                if context.stopping():
                    return State(decision=None)
                time.sleep(min(EAR, left))
            waited, pause = waited + pause, min(2 * pause, LONGEST)

    return cast("Node", waiting)
