"""browser-use's side of the comparison; run by the Python of an environment that holds it: URL CHROMIUM STEPS.

Its own agent and its own browser session with their own settings, as they come, but for what would need a network or a
second model (extensions, telemetry, a judge). Prints the seconds a step takes as JSON.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from typing import Any

from browser_use import Agent, BrowserProfile, BrowserSession
from browser_use.llm.views import ChatInvokeCompletion


class Instant:
    """Answers at once: click the button, and after so many clicks be done."""

    model = name = provider = "instant"
    model_name = "instant"
    _verified_api_keys = True

    def __init__(self, clicks: int) -> None:
        self.left = clicks

    async def ainvoke(self, messages: list[Any], output_format: Any = None, **_: Any) -> Any:
        shown = [index for message in messages for index in re.findall(r"\[(\d+)\]<button", message.text)]
        action: dict[str, Any] = {"click": {"index": int(shown[-1])}} if shown else {"wait": {"seconds": 1}}
        if self.left == 0:
            action = {"done": {"text": "done", "success": True}}
        self.left -= 1 if shown else 0
        said = {"evaluation_previous_goal": "", "memory": "", "next_goal": "", "thinking": "", "action": [action]}
        return ChatInvokeCompletion(completion=output_format.model_validate(said), usage=None)


async def main(url: str, chromium: str, steps: int) -> None:
    profile = BrowserProfile(
        executable_path=chromium,
        headless=True,
        chromium_sandbox=False,
        enable_default_extensions=False,
        viewport={"width": 1344, "height": 896},
        user_data_dir=None,
    )
    session = BrowserSession(browser_profile=profile)
    # One more at the start, which opens the page.
    agent = Agent(
        task="click the button", llm=Instant(steps), browser_session=session, use_judge=False,
        initial_actions=[{"navigate": {"url": url}}],
    )  # fmt: skip
    history = await agent.run(max_steps=steps + 5)
    clicks = [
        item.metadata
        for item in history.history
        if item.metadata and item.model_output and "click" in item.model_output.action[0].model_dump(exclude_none=True)
    ]
    errors = [error for error in history.errors() if error]
    if errors or len(clicks) != steps:
        raise SystemExit(f"browser-use did {len(clicks)} of {steps} clicks: {errors}")
    print(json.dumps({"whole": clicks[-1].step_end_time - clicks[0].step_start_time}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
