"""Opens what the settings of a run name: tools, model, policy and device. Each module is imported when it is needed."""

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

#: The policies with a short name.
POLICIES = {
    "plain-english": "handeye.policies.plain_english:PlainEnglish",
    "internvl": "handeye.policies.internvl:InternVL",
}

#: The `--model` without a model: OCR and explicit steps.
EMBEDDED = "embedded"
#: What version 0.2 had as `--model pocket`; accepted until version 0.4.
_POCKET = "pocket"
_REPLACED = "--model pocket is --model embedded now, which finds icons by itself; leave it out"


class RunResources(NamedTuple):
    """What a run works with."""

    toolbox: Toolbox
    perception: Perception
    policy: Policy
    device: Device


@contextmanager
def open_resources(config: RunConfig, around: Callable[[Policy], Policy] | None = None) -> Iterator[RunResources]:
    """The tools, model, policy and device of a run, open until the `with` block ends. `around` wraps the policy.

    Raises what `open_tools`, `open_perception_and_policy` and `open_device` raise, and ActionRefused where the policy
    cannot carry out the goal.
    """
    from handeye.agent.config import servers_here
    from handeye.tools.tool_sources import open_tools

    with ExitStack() as stack:
        toolbox = stack.enter_context(
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
        stack.callback(perception.close)
        if close := getattr(policy, "close", None):
            stack.callback(close)
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
        stack.callback(device.close)
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
    """The device that `--on` names.

    `on` is `desktop`, `desktop:2` for the second monitor, `virtual`, `app:COMMAND`, a web address, the file of a page,
    or `cdp:ADDRESS` for the front tab of a Chromium with remote debugging. Programs start in `folder`. The device types
    the `secrets`, and redacts them in everything it reports.

    Raises UsageError when `on` names no device or one that the rules do not allow, and SetupError when it cannot start.
    """
    device = _open_named_device(on, headed, viewport, rules or GuardPolicy(), folder, storage_state, hooks)
    if secrets is not None:
        from handeye.perception.reading import ocr

        secrets.reader = ocr.read
        device.secrets = secrets
    return device


def _open_named_device(
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
    raise UsageError(
        f"--on must be desktop, virtual, app:COMMAND, a web address, a page's file or cdp:ADDRESS, got {on!r}"
    )


def page_folder(on: str) -> Path | None:
    """The folder of the file that `--on` names, None when it names no file."""
    try:
        path = local_path(on)
    except UsageError:
        return None
    return path.parent if path.is_file() else None


def looks_like_page(on: str) -> bool:
    """Whether `on` is a web address or the file of a page."""
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
    """Perception and policy for `--model` and `--policy`.

    `samples` answers are compared when the model locates something. The model `critic` (empty: the same model) scores
    `best_of` decisions. A pocket model (its folder; see docs/training.md) only locates elements, and the policy is
    plain English, unless `policy` says otherwise. `close` of the perception closes the model; `close` of the
    policy, if it has one, closes its critic.

    Raises UsageError for settings that exclude each other, and ModelError when the model cannot be loaded or reached.
    """
    if best_of < 2 and critic:
        raise UsageError(f"--critic {critic} has nothing to choose from; add --best-of 4 or so")
    if model == EMBEDDED or replaced(model):
        from handeye.perception.embedded import EmbeddedPerception

        for flag, given in (("--policy internvl", policy == "internvl"), (f"--best-of {best_of}", best_of > 1)):
            if given:
                raise UsageError(f"{flag} needs a model; name one with --model")
        embedded = EmbeddedPerception()
        embedded.notes = (_REPLACED,) if replaced(model) else ()
        return embedded, load_policy("plain-english" if policy == "auto" else policy)
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

            # The profile was chosen for the deciding model; the critic is another one.
            others = (options or EngineOptions()).model_copy(update={"profile": ""})
            return perception, BestOfN(engine, best_of, open_engine(critic, others) if critic else None)
        return perception, load_policy("internvl" if policy == "auto" else policy, engine)
    except BaseException:
        perception.close()
        raise


def replaced(model: str) -> bool:
    """Whether `--model` names the pocket model, which the embedded perception replaced; a folder of its name counts."""
    return model == _POCKET and not Path(model).is_dir()


def load_policy(name: str, engine: Any = None) -> Policy:
    """A policy by its short name or as `module:Class`. The class is called with the engine, if there is one."""
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
