"""The Perception protocol: makes an observation of a device and grounds phrases on it.

Implementations: `EmbeddedPerception` (no model), `ModelPerception` (InternVL) and `PocketPerception`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from handeye.perception.observation import Grounding, Observation
    from handeye.perception.usage import Usage
    from handeye.tools.device import Device


class Perception(Protocol):
    """Observes a device and grounds phrases."""

    name: str
    usage: Usage
    """What its model calls have cost so far."""
    notes: tuple[str, ...]
    """Fallbacks that were used when it was opened, in words."""

    def observe(self, device: Device) -> Observation:
        """Capture the screen of the device and collect what is known about it."""
        ...

    def ground(self, observation: Observation, phrase: str) -> Grounding | None:
        """Return where the phrase is, or None if it is not on the screen."""
        ...

    def close(self) -> None:
        """Release the model; may be called twice."""
        ...
