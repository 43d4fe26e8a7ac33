"""Eyes turn a screenshot into a scene and find on it what words describe. Two pairs: embedded, and InternVL's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from handeye.perception.observation import Grounding, Observation
    from handeye.perception.usage import Usage
    from handeye.tools.device import Device


class Perception(Protocol):
    """The agent's eyes."""

    name: str
    usage: Usage
    """What asking a model has cost these eyes so far."""
    notes: tuple[str, ...]
    """Fallbacks taken when they were opened, in words."""

    def observe(self, device: Device) -> Observation:
        """Capture the device's screen and gather what is known about it."""
        ...

    def ground(self, observation: Observation, phrase: str) -> Grounding | None:
        """Where the phrase is, or None when it is not on the screen."""
        ...

    def close(self) -> None:
        """Let go of a model; may be called twice."""
        ...
