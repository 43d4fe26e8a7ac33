"""Checks that a model judges: a question about the screen, answered several times, and counted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from handeye.perception.engines.engine import Request
from handeye.perception.internvl.prompt import PromptPrefix, escape_control_tokens

if TYPE_CHECKING:
    from handeye.perception.observation import Observation
    from handeye.perception.perception import Perception
    from handeye.scenarios.checks.kinds import AskCheck

Found = tuple[bool | None, str]

#: What an answer may begin with; anything else is no vote.
WORD = re.compile(r"\W*(yes|no)\b", re.IGNORECASE)
GRAMMAR = 'root ::= "yes" | "no" | "unclear"'
#: With several votes, they are drawn; at zero all would be alike.
TEMPERATURE = 0.7


def ask(check: AskCheck, observation: Observation, perception: Perception | None) -> Found:
    """What most votes say; None without a model, and where more than half agree on neither answer."""
    engine = getattr(perception, "engine", None)
    if engine is None:
        return None, "there is no model to ask; name one with --model, or check with a sentence"
    question = (
        "Answer from the screenshot alone, with one word: yes, no, or unclear when it cannot be told.\n"
        f"Question: {escape_control_tokens(check.question)}"
    )
    prompt = PromptPrefix(engine.profile.system).ask(observation.screenshot.image, question)
    drawn = TEMPERATURE if check.votes > 1 else 0.0
    answers = engine.generate(Request(prompt, max_tokens=16, temperature=drawn, samples=check.votes, grammar=GRAMMAR))
    heard = [hit[1].lower() if (hit := WORD.match(answer.text)) else "unclear" for answer in answers]
    counts = {word: heard.count(word) for word in ("yes", "no", "unclear") if word in heard}
    told = f"{', '.join(f'{number} {word}' for word, number in counts.items())} of {check.votes}"
    for word in ("yes", "no"):
        if 2 * counts.get(word, 0) > check.votes:
            return word == check.answer, f"the model says {told}"
    return None, f"the model's votes have no majority: {told}"
