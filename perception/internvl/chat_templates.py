"""The chat formats that InternVL's language models were trained with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TemplateName = Literal["chatml", "harmony", "harmony_thinking"]


@dataclass(frozen=True)
class Template:
    """Text around turns. `{role}` stands for `system` or `user`; the model's turns have their own opening."""

    turn_opening: str
    assistant_opening: str
    end: str
    """After every turn."""
    ask: str
    """After the last turn: the answer begins here."""
    tokens: tuple[str, ...]
    """What a tokenizer has to have as tokens of their own."""

    def turn(self, role: str, text: str) -> str:
        """One turn; `role` is `system`, `user` or `assistant`."""
        opening = self.assistant_opening if role == "assistant" else self.turn_opening.format(role=role)
        return f"{opening}{text}{self.end}"


#: InternVL 2.5, 3 and 3.5 with a Qwen or InternLM language part (`internvl2_5` in InternVL's conversation.py).
CHATML = Template(
    turn_opening="<|im_start|>{role}\n",
    assistant_opening="<|im_start|>assistant\n",
    end="<|im_end|>\n",
    ask="<|im_start|>assistant\n",
    tokens=("<|im_start|>", "<|im_end|>"),
)
#: InternVL 3.5 with GPT-OSS (`internvl3_5_gpt_oss`). The checkpoint's own template ends with `<|start|>assistant` and
#: the model writes the channel; it knows only one to answer in, so that the header is written for it.
HARMONY = Template(
    turn_opening="<|start|>{role}<|message|>",
    assistant_opening="<|start|>assistant<|channel|>final<|message|>",
    end="<|end|>",
    ask="<|start|>assistant<|channel|>final<|message|>",
    tokens=("<|start|>", "<|message|>", "<|channel|>", "<|end|>"),
)
#: The same where the model may first write into the channel for thoughts.
HARMONY_THINKING = Template(
    HARMONY.turn_opening, HARMONY.assistant_opening, HARMONY.end, "<|start|>assistant", HARMONY.tokens
)

TEMPLATES: dict[TemplateName, Template] = {
    "chatml": CHATML,
    "harmony": HARMONY,
    "harmony_thinking": HARMONY_THINKING,
}
