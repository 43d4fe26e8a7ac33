"""From names to things: which device, eyes and policy a run's settings mean. Everything is imported when asked for."""

from __future__ import annotations

import importlib
import re
import sys
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from handeye.policies.guard.guard_policy import GuardPolicy
from handeye.tools.address import local_path
from handeye.tools.device import NO_HOOKS
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from handeye.agent.run_folder import RunConfig
    from handeye.perception.engines.options import EngineOptions
    from handeye.perception.perception import Perception
    from handeye.policies.decision import Policy
    from handeye.tools.custom_tools import Toolbox
    from handeye.tools.device import Device, Hooks
    from handeye.tools.secrets.store import Secrets

POLICIES = {
    "plain-english": "handeye.policies.plain_english:PlainEnglish",
    "internvl": "handeye.policies.internvl:InternVL",
}

EMBEDDED = "embedded"


class RunResources(NamedTuple):
    """All that a run works with."""

    toolbox: Toolbox
    perception: Perception
    policy: Policy
    device: Device


@contextmanager
def open_resources(config: RunConfig, around: Callable[[Policy], Policy] | None = None) -> Iterator[RunResources]:
    """What a run's settings name, open until it is let go of. `around` puts another policy in front.

    Raises what opening each of them raises, and what `Policy.check` does for the goal.
    """
    from handeye.agent.config import servers_here
    from handeye.tools.tool_sources import open_tools

    with ExitStack() as up:
        toolbox = up.enter_context(
            closing(open_tools((*config.tools, *config.rules.tools), config.tools_from, servers_here()))
        )
        perception, policy = open_perception_and_policy(
            config.model,
            config.policy,
            config.options,
            samples=config.samples,
            best_of=config.best_of,
            critic=config.critic,
        )
        up.callback(perception.close)
        if close := getattr(policy, "close", None):
            up.callback(close)
        policy = around(policy) if around else policy
        policy.check(config.goal)
        device = open_device(
            config.on,
            headed=config.headed,
            viewport=config.viewport,
            rules=config.in_force,
            folder=Path(config.folder) if config.folder else None,
            storage_state=Path(config.storage_state) if config.storage_state else None,
        )
        up.callback(device.close)
        yield RunResources(toolbox, perception, policy, device)


def open_device(
    on: str,
    *,
    headed: bool = False,
    viewport: tuple[int, int] = (1344, 896),
    rules: GuardPolicy | None = None,
    folder: Path | None = None,
    storage_state: Path | None = None,
    hooks: Hooks = NO_HOOKS,
    secrets: Secrets | None = None,
) -> Device:
    """The device that `--on` names: `desktop`, its second monitor `desktop:2`, `virtual`, `app:COMMAND`, a web address,
    a page's file, or `cdp:ADDRESS` for the tab in front of a Chromium that listens there. Programs start in `folder`.
    `secrets` are typed by the device and redacted in all that it reports, from its first observation on.

    Raises UsageError when it names none or what the rules do not allow, and SetupError when it cannot be started.
    """
    device = _opened(on, headed, viewport, rules or GuardPolicy(), folder, storage_state, hooks)
    if secrets is not None:
        from handeye.perception.reading import ocr

        secrets.reader = ocr.read
        device.secrets = secrets
    return device


def _opened(
    on: str,
    headed: bool,
    viewport: tuple[int, int],
    rules: GuardPolicy,
    folder: Path | None,
    storage_state: Path | None,
    hooks: Hooks,
) -> Device:
    if storage_state and not looks_like_page(on):
        raise UsageError(f"--storage-state is for web pages; leave it out with --on {on}")
    if hit := re.fullmatch(r"desktop(?::([0-9]+))?", on):
        from handeye.tools import Desktop

        return Desktop(monitor=int(hit[1] or 1))
    if on == "virtual" or on.startswith("app:"):
        from handeye.tools import Virtual

        command = on.removeprefix("app:").strip() if on.startswith("app:") else None
        if command == "":
            raise UsageError("app: names no program; write app:COMMAND, such as app:mousepad")
        if command and (why := rules.starts(command)):
            raise UsageError(f"--on {on}: {why}")
        return Virtual(command, headed=headed, folder=folder)
    if on.startswith("cdp:") or looks_like_page(on):
        from handeye.tools import Browser

        return Browser(
            None if on.startswith("cdp:") else on,
            cdp=on.removeprefix("cdp:") if on.startswith("cdp:") else "",
            headed=headed,
            viewport=viewport,
            allow_domains=rules.allow_domains,
            deny_domains=rules.deny_domains,
            storage_state=storage_state if storage_state and storage_state.is_file() else None,
            hooks=hooks,
        )
    raise UsageError(f"--on {on!r} is no device; give desktop, virtual, app:COMMAND, a web address, or cdp:ADDRESS")


def page_folder(on: str) -> Path | None:
    """The folder of the page's file that `--on` names; None when it names no file."""
    try:
        path = local_path(on)
    except UsageError:
        return None
    return path.parent if path.is_file() else None


def looks_like_page(on: str) -> bool:
    """Whether this is an address or a page's file."""
    if re.match(r"(https?|file|about|data|chrome):", on):
        return True
    return bool(re.match(r"[\w-]+(\.[\w-]+)*(:\d+)?(/|$)", on) and ("." in on or ":" in on)) or Path(on).is_file()


def open_perception_and_policy(
    model: str,
    policy: str = "auto",
    options: EngineOptions | None = None,
    *,
    samples: int = 1,
    best_of: int = 1,
    critic: str = "",
) -> tuple[Perception, Policy]:
    """Eyes and policy for `--model` and `--policy`. Raises ModelError when the model cannot be loaded or reached.

    `samples` answers have to agree on a place; of `best_of` decisions the model `critic` (empty: the same) has the best
    chosen. A pocket model's folder (see docs/training.md), or `pocket`, is asked for places alone, and plain English
    decides, unless `policy` says otherwise. The eyes' `close` lets go of the model, the policy's, where it has one, of
    a critic of its own.
    """
    if best_of < 2 and critic:
        raise UsageError(f"--critic {critic} has nothing to choose from; add --best-of 4 or so")
    if model == EMBEDDED:
        from handeye.perception.embedded import EmbeddedPerception

        for flag, given in (("--policy internvl", policy == "internvl"), (f"--best-of {best_of}", best_of > 1)):
            if given:
                raise UsageError(f"{flag} needs a model; name one with --model")
        return EmbeddedPerception(), load_policy("plain-english" if policy == "auto" else policy)
    if best_of > 1 and policy not in ("auto", "internvl"):
        raise UsageError(f"--best-of {best_of} chooses among a model's decisions; leave out --policy {policy}")
    from handeye.perception.pocket_perception import open_pocket, pocket_folder

    if policy in ("auto", "plain-english") and best_of < 2 and (folder := pocket_folder(model)):
        return open_pocket(folder), load_policy("plain-english")
    from handeye.perception.engines import EngineOptions, open_engine
    from handeye.perception.model_perception import ModelPerception
    from handeye.perception.reading import ocr

    engine = open_engine(model, options)
    perception = ModelPerception(engine, reader=ocr.read, samples=samples)
    try:
        if best_of > 1:
            from handeye.policies.best_of_n import BestOfN

            # A profile that was chosen or calibrated is the deciding model's, and not another's.
            others = (options or EngineOptions()).model_copy(update={"profile": ""})
            return perception, BestOfN(engine, best_of, open_engine(critic, others) if critic else None)
        return perception, load_policy("internvl" if policy == "auto" else policy, engine)
    except BaseException:
        perception.close()
        raise


def load_policy(name: str, engine: Any = None) -> Policy:
    """A policy by its short name, or `module:Class` for one of your own; called with the engine, if there is one."""
    path = POLICIES.get(name, name)
    module, _, attribute = path.partition(":")
    if not attribute:
        raise UsageError(f"no policy is called {name!r}; choose auto, {', '.join(POLICIES)}, or give module:Class")
    here = str(Path.cwd())
    try:
        sys.path.insert(0, here)
        made: Callable[..., Policy] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"the policy {name!r} cannot be imported ({error}); check module and class") from error
    finally:
        sys.path.remove(here)
    return made(engine) if engine is not None and name != "plain-english" else made()
