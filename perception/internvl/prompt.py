"""Builds the prompt of a question and renders it as InternVL's chat text or as OpenAI messages.

The parts that change least come first: system text, actions, goal, the screenshot, then the history as text, then the
question. A prefix cache can reuse them from step to step and from one question to the next.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from PIL import Image

from handeye.perception.internvl.chat_templates import TEMPLATES
from handeye.perception.internvl.tiling import TILE, TOKENS_PER_TILE, choose_grid
from handeye.tools.actions import KINDS, Call, describe
from handeye.tools.custom_tools import SHORT_CHARACTERS, signature

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from handeye.perception.internvl.chat_templates import TemplateName
    from handeye.perception.internvl.profiles import ModelProfile
    from handeye.perception.outcome import Outcome
    from handeye.tools.actions import Action
    from handeye.tools.custom_tools import Tool

IMAGE, IMAGE_START, IMAGE_END = "<IMG_CONTEXT>", "<img>", "</img>"

#: Strings that tokenizers of chat models read as control tokens, wherever they stand.
CONTROL = re.compile(
    r"<(?=\|[^<>|\s]{1,64}\|>"
    r"|/?(?:img|IMG_CONTEXT|image|video|quad|ref|box|point|think|tool_call|tool_response|tools|s|unk|pad|bos|eos)>)"
)
#: The limit of characters of a tool's description, and of the list of its arguments.
TOOL_CHARACTERS = 400
#: An invisible character that breaks a control token: U+2060, the word joiner.
JOINER = "\u2060"


@dataclass(frozen=True)
class PromptImage:
    """An image with a separate limit of tiles, such as a frame of a video or an older screenshot."""

    image: Image.Image
    max_tiles: int


PromptPart: TypeAlias = str | Image.Image | PromptImage


@dataclass(frozen=True)
class ChatTurn:
    """One turn of a conversation: texts and images in order."""

    role: Literal["user", "assistant"]
    parts: tuple[PromptPart, ...]


@dataclass(frozen=True)
class Prompt:
    """The complete input of a model for one answer."""

    system: str
    turns: tuple[ChatTurn, ...]

    @property
    def images(self) -> tuple[Image.Image, ...]:
        """The images in the order of the prompt."""
        return tuple(picture.image for picture in self._pictures(0))

    def bounds(self, max_tiles: int) -> tuple[int, ...]:
        """Return the limit of tiles of each image; `max_tiles` is the limit of images without a separate one."""
        return tuple(min(picture.max_tiles, max_tiles) for picture in self._pictures(max_tiles))

    def _pictures(self, max_tiles: int) -> Iterator[PromptImage]:
        for part in (part for turn in self.turns for part in turn.parts if not isinstance(part, str)):
            yield part if isinstance(part, PromptImage) else PromptImage(part, max_tiles)


def labelled_images(images: Sequence[Image.Image], max_tiles: int | None = None) -> tuple[PromptPart, ...]:
    """Return the parts of a turn with images in order, labelled as in InternVL's training: `Image-1: `, the image …

    A single image has no label. `max_tiles` limits the tiles of each; None leaves the engine's limit.
    """
    parts: list[PromptPart] = [image if max_tiles is None else PromptImage(image, max_tiles) for image in images]
    return tuple(parts) if len(parts) == 1 else _labelled("Image-", parts)


def video_frames(images: Sequence[Image.Image]) -> tuple[PromptPart, ...]:
    """Return the parts of a turn with a video's frames in order: `Frame1: ` and the image with one tile, and so on."""
    return _labelled("Frame", [PromptImage(image, 1) for image in images])


def _labelled(label: str, parts: Sequence[PromptPart]) -> tuple[PromptPart, ...]:
    return tuple(each for number, part in enumerate(parts, 1) for each in (f"{label}{number}: ", part))


@dataclass(frozen=True)
class PromptStep:
    """A finished step, as the prompt describes it."""

    number: int
    action: Action
    outcome: Outcome
    result: str = ""


@dataclass(frozen=True)
class PromptPrefix:
    """The beginning of all prompts of a run, up to the screenshot, so that they share its prefill."""

    system: str
    goal: str = ""

    def ask(self, image: Image.Image, question: str) -> Prompt:
        """Return the prompt with a question about a screenshot."""
        opening = (f"Goal: {escape_control_tokens(self.goal)}\n",) if self.goal else ()
        return Prompt(self.system, (ChatTurn("user", (*opening, image, question)),))


def run_prefix(profile: ModelProfile, goal: str, kinds: Collection[str], tools: Sequence[Tool] = ()) -> PromptPrefix:
    """Return the beginning of a run's prompts: system text, kinds of action, custom tools and goal."""
    return PromptPrefix(f"{profile.system}\n\n{tools_text(profile, kinds, tools)}", goal)


def decide_prompt(
    beginning: PromptPrefix,
    image: Image.Image,
    *,
    steps: Sequence[PromptStep] = (),
    earlier: Sequence[str] = (),
    facts: Mapping[str, str] | None = None,
    about: str = "",
    trouble: str = "",
) -> Prompt:
    """Return the prompt for the next action on a screenshot.

    `earlier` summarises the steps before `steps`, `about` describes the screen (its address, its title), and `trouble`
    is the reason why the last answer could not be used.
    """
    lines = [f"Screen: {escape_control_tokens(about)}"] if about else []
    lines += ["Earlier steps, in short:", *(escape_control_tokens(line) for line in earlier)] if earlier else []
    lines += ["Steps so far:", *(map(_line, steps))] if steps else ["Steps so far: none"]
    lines += [f"Known: {name} = {text}" for name, text in _fitting(facts or {}).items()]
    lines += [f"Your last answer could not be used: {escape_control_tokens(trouble)}"] if trouble else []
    question = "What is the next action? Answer with one thought and one action."
    return beginning.ask(image, "\n".join([*lines, question]))


def ground_prompt(
    profile: ModelProfile, image: Image.Image, phrase: str, beginning: PromptPrefix | None = None
) -> Prompt:
    """Return the prompt for the place of a phrase on a screenshot, with the question that the family was trained on.

    With `beginning`, a screenshot of an earlier prompt is not encoded again.
    """
    phrase = escape_control_tokens(phrase).strip()
    if profile.dialects[0] == "scalecua":
        question = f"Click on: {phrase}\nAnswer with <action>click(x=…, y=…)</action>."
    elif profile.answers == "point":
        question = (
            f"Please provide the point to click for the UI element this description refers to: {phrase}. "
            "Answer in the format of [x, y]; answer [-1, -1] when it is not on the screen."
        )
    else:
        question = (
            f"Please provide the bounding box coordinate of the UI element this description refers to: "
            f"<ref>{phrase}</ref>. Answer in the format of [[x1, y1, x2, y2]]; "
            "answer [[-1, -1, -1, -1]] when it is not on the screen."
        )
    return (beginning or PromptPrefix(profile.system)).ask(image, question)


def critic_prompt(
    beginning: PromptPrefix | None, image: Image.Image, goal: str, step: str, *, steps: Sequence[PromptStep] = ()
) -> Prompt:
    """Return the prompt that requests a critic's `+` or `-` for a step: the format of VisualPRM (arXiv 2503.10291).

    With `beginning`, the prompt up to the screenshot equals that of the decision. Without it the critic's instructions
    are the system text, as a model trained as a critic expects.
    """
    lines = [escape_control_tokens(goal), *(["Steps so far:", *map(_line, steps)] if steps else [])]
    question = "### Question:\n" + "\n".join(lines) + f"\n\n### Solution Process:\n{escape_control_tokens(step)}"
    if beginning is None:
        return PromptPrefix(CRITIC).ask(image, question)
    return beginning.ask(image, f"{CRITIC}\n\n{question}")


def tools_text(profile: ModelProfile, kinds: Collection[str], tools: Sequence[Tool] = ()) -> str:
    """Return the list of available actions and their format, from the descriptions of the actions and tools."""
    space = {"0-1000": "0 to 1000", "0-1": "0 to 1", "0-100": "0 to 100", "pixels": "pixels"}[profile.space]
    offered = [kind for kind in KINDS if (kind in kinds if kind != "call" else tools)]
    lines = list(map(action_text, offered))
    lines += ["Tools, to be used by call:", *map(_tool, tools)] if tools else []
    form = SCALECUA_FORM if profile.dialects[0] == "scalecua" else TOOL_CALL_FORM
    return (
        "Actions:\n" + "\n".join(lines) + f"\n\n{form}\n"
        f"A target is a short description of one thing on the screen, or a point [x, y] with coordinates of {space} "
        "across the picture and down it. Leave out fields you do not need. Choose one action, and write no other text"
        f"{' after your thoughts' if profile.thinks else ''}."
    )


CRITIC = (
    "You supervise how a computer is operated. You are shown its screen, a goal, what was done so far, and one step "
    "that somebody proposes to do next; its points are in thousandths of the picture. Judge that step alone. Answer + "
    "when it can be done on this screen and brings the goal nearer, and - when it cannot, changes nothing, or does "
    "harm. Answer with that one sign and nothing else."
)

TOOL_CALL_FORM = """Answer in this form:
Why, in a sentence.
<tool_call>
{"kind": "click", "target": "the Save button"}
</tool_call>"""

SCALECUA_FORM = """Answer in this form:
<think>Why, in a sentence.</think>
<operation>The action in words</operation>
<action>
click(x=0.5, y=0.5)
</action>
Calls for mouse and keyboard: click(x, y, clicks=1, button='left'), doubleClick(x, y), rightClick(x, y), moveTo(x, y), \
scroll(clicks, x, y), press(keys, presses=1), hotkey(*keys), write(message), wait(seconds=3), response(answer), \
terminate(status, info). To drag: moveTo(x, y) and dragTo(x, y) on two lines. Any other action, instead of the calls:
<tool_call>{"kind": "navigate", "url": "https://example.org"}</tool_call>"""


def escape_control_tokens(text: str) -> str:
    """Return a text of a page or a person in which no tokenizer recognises a control token of a chat model."""
    text = CONTROL.sub("<" + JOINER, text)
    text = "".join(c for c in text if c >= " " or c in "\n\t")
    return text.encode("utf-8", "replace").decode("utf-8")


def unescape_control_tokens(text: str) -> str:
    """Return the model's text without the characters that `escape_control_tokens` inserts."""
    return text.replace("<" + JOINER, "<")


def to_text(
    prompt: Prompt,
    tiles: Sequence[int],
    tokens_per_tile: int = TOKENS_PER_TILE,
    template: TemplateName = "chatml",
) -> str:
    """Return the prompt in a chat format, with image tokens; `tiles` is the number of tiles of each image.

    It equals the output of the checkpoint's own chat template for `to_messages`.
    """
    form, counts = TEMPLATES[template], iter(tiles)
    text = form.turn("system", prompt.system)
    for turn in prompt.turns:
        texts = (
            part if isinstance(part, str) else f"{IMAGE_START}{IMAGE * (tokens_per_tile * next(counts))}{IMAGE_END}\n"
            for part in turn.parts
        )
        text += form.turn(turn.role, "".join(texts))
    return text + form.ask


def to_messages(prompt: Prompt) -> list[dict[str, Any]]:
    """Return the prompt as OpenAI chat messages, with images as PNG data URLs.

    An image with a separate limit is sent at the size of its tiles, because a server has one limit for all images and
    would cut it into more.
    """
    messages: list[dict[str, Any]] = [{"role": "system", "content": prompt.system}]
    for turn in prompt.turns:
        content = [
            {"type": "text", "text": part}
            if isinstance(part, str)
            else {"type": "image_url", "image_url": {"url": _data_url(_fitted(part))}}
            for part in turn.parts
        ]
        messages.append({"role": turn.role, "content": content})
    return messages


def _fitted(part: Image.Image | PromptImage) -> Image.Image:
    """The picture, at the size of its grid of tiles where it has a bound of its own."""
    if isinstance(part, Image.Image):
        return part
    columns, rows = choose_grid(*part.image.size, part.max_tiles)
    return part.image.convert("RGB").resize((columns * TILE, rows * TILE), Image.Resampling.BICUBIC)


def _data_url(image: Image.Image) -> str:
    buffer = BytesIO()
    image.convert("RGB").save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


#: The limit of characters of all facts together; the longest are cut first.
MOST_KNOWN = 6000


def _fitting(facts: Mapping[str, str]) -> dict[str, str]:
    """The facts, every one of them, with the longest cut to one length where all together are too long."""
    known = {escape_control_tokens(name): escape_control_tokens(text) for name, text in facts.items()}
    spare = MOST_KNOWN
    lengths = sorted(map(len, known.values()))
    for place, length in enumerate(lengths):
        share = spare // (len(lengths) - place)
        if length > share:
            most = max(1, share)
            return {name: text if len(text) <= most else f"{text[:most]}…" for name, text in known.items()}
        spare -= length
    return known


def _line(step: PromptStep) -> str:
    """Return a step in words, on one line."""
    evidence = f" ({step.outcome.evidence})" if step.outcome.evidence else ""
    result = f"; {step.result}" if step.result and step.result != step.outcome.evidence else ""
    text = f"{step.number}. {describe(step.action)}: {step.outcome.kind.replace('_', ' ')}{evidence}{result}"
    return escape_control_tokens(" ".join(text.split()))[
        : 600 + (SHORT_CHARACTERS if isinstance(step.action, Call) else 0)
    ]


def action_text(kind: str) -> str:
    """Return a kind of action with its fields and its effect, on one line."""
    return f"- {_signature(kind)}: {KINDS[kind].__doc__}"


def _tool(tool: Tool) -> str:
    """Return a tool with its arguments and the beginning of its description, on one line."""
    summary = " ".join(tool.description.split("\n\n")[0].split())[:TOOL_CHARACTERS]
    return escape_control_tokens(f"- {tool.name}{signature(tool.schema)[:TOOL_CHARACTERS]}: {summary}")


def _signature(kind: str) -> str:
    """Return a kind with its fields and their types, such as `click(target, button?: left|middle|right)`."""
    schema = KINDS[kind].model_json_schema()
    needed = set(schema.get("required", ()))
    fields = []
    for name, field in schema["properties"].items():
        if name == "kind":
            continue
        values = field.get("enum") or field.get("items", {}).get("enum")
        label = name if name in needed else f"{name}?"
        fields.append(f"{label}: {'|'.join(values)}" if values else label)
    return f"{kind}({', '.join(fields)})"
