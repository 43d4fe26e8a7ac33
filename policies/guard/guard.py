"""The guard: decides about each action before it is performed. Its rules come from the user, never from the screen.

Under every setting it denies what the user's policy excludes: addresses outside the allowed domains, files outside the
folders that the user named, refused actions and words, custom tools that are off. Under `risky` it asks before actions
that would buy, pay, send, delete, publish, grant or install something, and before words that the goal does not contain
are typed into a password field.

A hit test of the page determines the effect of an action, see `effects`. Not protected: a button whose effect differs
from its label, and what the page does afterwards. The browser device stops requests that leave the allowed domains,
and the desktop device protects programs that must not be driven.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from handeye.policies.guard.effects import find_effect, find_exposed_secret, hit_targets, texts_on_target
from handeye.policies.guard.guard_policy import GuardPolicy, says
from handeye.tools.actions import Action, Call, Navigate, Type, Upload, describe
from handeye.tools.address import local_path, meant, names_address, names_path, scheme_of, typed
from handeye.tools.allow_list import AllowList
from handeye.tools.errors import UsageError

if TYPE_CHECKING:
    from handeye.perception.observation import Observation
    from handeye.tools.hit import Hit

#: Schemes whose page is not what the address names: made from the address itself, or internal to the browser.
ABSTRACT_SCHEMES = frozenset(
    {"data", "blob", "javascript", "chrome", "view-source", "filesystem", "devtools", "chrome-error"}
)


@dataclass(frozen=True)
class GuardDecision:
    """The guard's decision about one action."""

    kind: Literal["allow", "ask", "deny"]
    reason: str = ""
    verb: str = ""
    """Why it asks: a kind of risk, a word of the policy, or a kind of action. The user can allow it for the whole
    run."""


ALLOW = GuardDecision("allow")


@dataclass(frozen=True)
class Guard:
    """Decides about actions by the user's policy and by risk words."""

    approve: Literal["never", "risky", "always"] = "risky"
    policy: GuardPolicy = field(default_factory=GuardPolicy)
    files: Path | tuple[Path, ...] | None = None
    """Folders whose files may be opened and uploaded, in addition to files that the goal names; None: no folder."""
    safe_tools: frozenset[str] = frozenset()
    """Custom tools that change nothing; `risky` does not ask about them."""
    folder: Path | None = None
    """The base of relative paths; None: the working folder."""

    def judge(self, action: Action, observation: Observation, goal: str) -> GuardDecision:
        """Allow the action, ask about it, or deny it. `goal` is the user's text; a password in it is known."""
        hits = hit_targets(action, observation)
        words = texts_on_target(action, observation, hits)
        if refusal := self._find_denial(action, words, hits, observation, goal):
            return GuardDecision("deny", refusal)
        if self.approve == "never":
            return ALLOW
        if self.approve == "always":
            return GuardDecision("ask", f"{describe(action)}?", verb=action.kind)
        return self._ask_if_risky(action, words, hits, observation, goal)

    def risky(self, action: Action, observation: Observation, goal: str) -> bool:
        """Whether `risky` would ask about the action: it may change something that cannot be undone."""
        hits = hit_targets(action, observation)
        return (
            self._ask_if_risky(action, texts_on_target(action, observation, hits), hits, observation, goal).kind
            == "ask"
        )

    def _find_denial(
        self, action: Action, words: list[str], hits: tuple[Hit, ...], observation: Observation, goal: str
    ) -> str:
        """Why the policy denies the action; empty if it does not."""
        policy = self.policy
        if action.kind in policy.refuse_actions:
            return f"{describe(action)}: refuse-actions contains {action.kind}: choose another action"
        for text in words:
            if word := says(policy.refuse_words, text):
                return f"{describe(action)}: refuse-words contains “{word}”: choose another control"
        if isinstance(action, Navigate):
            return self._deny_address(action.url, goal)
        if isinstance(action, Upload):
            return self._deny_upload(action, goal)
        if isinstance(action, Call) and action.tool not in policy.tools:
            named = ", ".join(policy.tools) or "none"
            return f"the tool must be one that may be called ({named}), got {action.tool}: see `tools` of [guard]"
        here = observation.signals.url.partition("#")[0]
        for hit in hits:
            if scheme_of(hit.link) == "file" and hit.link.partition("#")[0] != here:
                return self._deny_address(hit.link, goal)
        return ""

    def _deny_address(self, url: str, goal: str) -> str:
        """Why an address must not be opened; empty if it may."""
        scheme = scheme_of(url)
        made_up = scheme in ABSTRACT_SCHEMES or (
            scheme == "about" and typed(url).lower().partition("#")[0] != "about:blank"
        )
        if made_up and not names_address(goal, url):
            return f"the address must be one on the web, got {url[:100]}: open one such as https://example.com"
        try:
            urls = meant(url)
        except UsageError as error:
            # The device refuses an address without a meaning, and names the remedy.
            return str(error) if scheme == "file" else ""
        if scheme_of(urls[0]) == "file":
            return self._deny_file(url, goal)
        domains = AllowList(self.policy.allow_domains, self.policy.deny_domains)
        if not any(domains.allow(each) for each in urls):
            return f"the address must be in the allowed domains ({domains}), got {url}: extend --allow-domain"
        return ""

    def _deny_upload(self, action: Upload, goal: str) -> str:
        """Why files must not be uploaded; empty if they may."""
        return next((why for path in action.paths if (why := self._deny_file(path, goal))), "")

    def _deny_file(self, text: str, goal: str) -> str:
        """Why a file must not be opened or uploaded: it is in no folder that the user named. Empty if it may."""
        try:
            path = local_path(text, self.folder)
        except UsageError as error:
            return str(error)
        files = (self.files,) if isinstance(self.files, Path) else self.files or ()
        folders = (*files, *map(Path, self.policy.allow_folders))
        if any(path.is_relative_to(folder.resolve()) for folder in folders) or names_path(goal, path, self.folder):
            return ""
        return (
            f"the file must be named in the goal or be in an allowed folder, got {text[:200]}: name it in the goal, or"
            " its folder in allow-folders of [guard]"
        )

    def _ask_if_risky(
        self, action: Action, words: list[str], hits: tuple[Hit, ...], observation: Observation, goal: str
    ) -> GuardDecision:
        """Ask about the action if it is risky or the policy says so; otherwise allow it."""
        if action.kind in self.policy.ask_actions:
            return GuardDecision("ask", f"{describe(action)}: ask-actions contains {action.kind}", verb=action.kind)
        if isinstance(action, Upload):
            return GuardDecision("ask", f"{describe(action)}: the files leave this machine", verb="upload")
        if isinstance(action, Call) and action.tool not in self.safe_tools:
            return GuardDecision("ask", f"{describe(action)}: the tool may change something", verb=action.tool)
        if isinstance(action, Type) and (exposed := find_exposed_secret(action, observation, goal)):
            return GuardDecision("ask", f"{describe(action)}: {exposed}", verb="password")
        for text in words:
            if word := says(self.policy.ask_words, text):
                return GuardDecision("ask", f"{describe(action)}: ask-words contains “{word}”", verb=word)
        effect = find_effect(action, words, hits, observation)
        if effect is None:
            return ALLOW
        where = f" ({effect.where})" if effect.where else ""
        return GuardDecision(
            "ask", f"{describe(action)}: “{effect.short_text}”{where} may not be undone", verb=effect.risk.kind
        )
