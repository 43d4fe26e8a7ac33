"""The agent: the loop, the run and its files, the views, the command line. `Agent` is imported when it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from handeye.agent.agent import Agent as Agent
    from handeye.agent.options import RunOptions as RunOptions
    from handeye.agent.run_folder import RunResult as RunResult

__all__ = ["Agent", "RunOptions", "RunResult"]


def __getattr__(name: str) -> Any:
    if name == "Agent":
        from handeye.agent.agent import Agent

        return Agent
    if name == "RunOptions":
        from handeye.agent.options import RunOptions

        return RunOptions
    if name == "RunResult":
        from handeye.agent.run_folder import RunResult

        return RunResult
    raise AttributeError(f"module 'handeye.agent' has no attribute {name!r}")
