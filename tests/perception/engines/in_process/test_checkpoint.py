"""Checkpoints: every kind of language part, names, number formats, several GPUs, and files that are wrong."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest
from PIL import Image

from handeye.perception.engines import EngineOptions, open_engine
from handeye.perception.engines.engine import Request
from handeye.perception.engines.in_process.checkpoint import LANGUAGES, load_checkpoint
from handeye.perception.engines.in_process.placement import FIRST_GPU, cpu_format, quantization_config, split_over_gpus
from handeye.perception.engines.in_process.small_checkpoint import Language, build_small_checkpoint
from handeye.perception.engines.in_process.transformers_engine import InProcessEngine
from handeye.perception.engines.model_names import resolve_model
from handeye.perception.internvl.profiles import INTERNVL3, INTERNVL3_5, INTERNVL3_5_GPT_OSS
from handeye.perception.internvl.prompt import (
    ChatTurn,
    Prompt,
    ground_prompt,
    labelled_images,
    to_messages,
    to_text,
    video_frames,
)
from handeye.perception.internvl.tiling import choose_grid, tile
from handeye.tools.errors import ModelError, SetupError, UsageError
from handeye.tools.screenshot import decode_image

pytestmark = pytest.mark.model


def picture(width: int, height: int, colour: str = "navy") -> Image.Image:
    return (
        Image.effect_noise((width, height), 90).convert("RGB")
        if colour == "noise"
        else Image.new("RGB", (width, height), colour)
    )


@pytest.fixture(scope="session")
def families(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A small checkpoint for each kind of language part, in folders whose names say nothing of a family."""
    folder = tmp_path_factory.mktemp("families")
    return {
        language: build_small_checkpoint(folder / f"m{number}", language=language)
        for number, language in enumerate(get_args(Language))
    }


@pytest.fixture(scope="session", params=get_args(Language))
def engine(request: pytest.FixtureRequest, families: dict[str, Path]) -> InProcessEngine:
    made = open_engine(str(families[request.param]))
    assert isinstance(made, InProcessEngine)
    return made


@pytest.fixture
def copy(small_checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint of one's own, to break."""
    return Path(shutil.copytree(small_checkpoint, tmp_path / "InternVL3-8B"))


def test_every_language_part_writes_what_it_writes_when_queried_directly(engine: InProcessEngine) -> None:
    import torch

    held = engine._held
    assert held is not None
    prompt = ground_prompt(engine.profile, picture(900, 500, "noise"), "the Save button")
    pixels = torch.from_numpy(tile(prompt.images[0], 4).pixels)
    small = Prompt(prompt.system, (ChatTurn("user", labelled_images(prompt.images, max_tiles=4)), *prompt.turns[1:]))
    text = to_text(small, [len(pixels)], template=engine.profile.template)
    ids = held.tokenizer.encode(text, add_special_tokens=False, return_tensors="pt")
    with torch.inference_mode():
        written = held.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pixel_values=pixels,
            max_new_tokens=10,
            do_sample=False,
            eos_token_id=list(held.ends),
            pad_token_id=held.ends[0],
        )
    expected = held.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=False)
    (answer,) = engine.generate(Request(small, max_tokens=10))
    assert answer.tokens_in == ids.shape[1]
    for end in engine.profile.stop:
        expected = expected.partition(end)[0]
    assert answer.text == expected


def test_the_chat_template_follows_from_the_language_part(families: dict[str, Path]) -> None:
    expected = {"qwen2": INTERNVL3, "llama": INTERNVL3, "gpt_oss": INTERNVL3_5_GPT_OSS}
    for language, folder in families.items():
        made = InProcessEngine(load_checkpoint(str(folder)))
        assert made.profile == expected.get(language, INTERNVL3_5)
        held = made._held
        assert held is not None
        assert held.language == language
        ends = {held.tokenizer.convert_ids_to_tokens(each) for each in held.ends}
        assert ends == ({"<|return|>", "<|call|>"} if language == "gpt_oss" else {"<|im_end|>"})


def test_a_name_of_another_family_does_not_change_the_chat_format(families: dict[str, Path], tmp_path: Path) -> None:
    named = Path(shutil.copytree(families["gpt_oss"], tmp_path / "InternVL3_5-mine"))
    made = open_engine(str(named))
    assert (made.profile.name, made.profile.template) == ("internvl3_5", "harmony")
    assert "<|return|>" in made.profile.stop


PROMPTS = {
    "text": Prompt("Be brief. 简短", (ChatTurn("user", ("What is 2 + 2?\nÜber",)),)),
    "one picture": Prompt("s", (ChatTurn("user", ("Goal: x\n", picture(1280, 800), "What is the next action?")),)),
    "several": Prompt("s", (ChatTurn("user", (*labelled_images([picture(300, 200), picture(1920, 1080)]), "Which?")),)),
    "frames": Prompt("s", (ChatTurn("user", (*video_frames([picture(640, 360)] * 3), "What changed?")),)),
    "earlier answers": Prompt(
        "s",
        (
            ChatTurn("user", (*labelled_images([picture(1280, 800)], max_tiles=1), "first")),
            ChatTurn("assistant", ("Click it.\n<tool_call>\n{}\n</tool_call>",)),
            ChatTurn("user", (picture(1280, 800), "second")),
            ChatTurn("assistant", ("no",)),
            ChatTurn("user", ("third",)),
        ),
    ),
}


@pytest.mark.parametrize("name", PROMPTS)
def test_token_ids_are_those_of_the_checkpoints_own_chat_template(engine: InProcessEngine, name: str) -> None:
    held, prompt = engine._held, PROMPTS[name]
    assert held is not None
    tiles = [len(tile(image, bound)) for image, bound in zip(prompt.images, prompt.bounds(12), strict=True)]
    ours = held.tokenizer.encode(to_text(prompt, tiles, template=engine.profile.template), add_special_tokens=False)
    messages = json.loads(json.dumps(to_messages(prompt)).replace("image_url", "image"))
    text = held.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    before, *after = text.split("<IMG_CONTEXT>")
    for count, rest in zip(tiles, after, strict=True):
        before += f"<img>{'<IMG_CONTEXT>' * 256 * count}</img>{rest}"
    theirs = held.tokenizer.encode(before, add_special_tokens=False)
    # What GPT-OSS would write first of all is written for it: it has one channel to answer in.
    header = "<|channel|>final<|message|>" if held.language == "gpt_oss" else ""
    assert ours == theirs + held.tokenizer.encode(header, add_special_tokens=False)


def test_frames_of_a_video_are_labelled_as_by_the_processor_of_transformers() -> None:
    """Its own function for the text of a video, and the line feed that the chat template puts after one."""
    from transformers.models.internvl.processing_internvl import InternVLProcessor

    words = SimpleNamespace(
        start_image_token="<img>", image_token="<IMG_CONTEXT>", end_image_token="</img>", image_seq_length=256
    )
    video = {"pixel_values_videos": [np.zeros((3, 3, 448, 448))]}
    theirs = InternVLProcessor.replace_video_token(words, video, 0)
    assert f"<|im_start|>user\n{theirs}\nWhat changed?<|im_end|>" in to_text(PROMPTS["frames"], [1, 1, 1])


def test_several_pictures_are_numbered_and_a_single_one_is_not() -> None:
    one, two = picture(10, 10), picture(20, 10)
    assert labelled_images([one]) == (one,)
    assert labelled_images([one, two]) == ("Image-1: ", one, "Image-2: ", two)


def test_a_frame_is_one_tile_in_process_and_for_a_server(families: dict[str, Path]) -> None:
    prompt = PROMPTS["frames"]
    made = open_engine(str(families["qwen2"]))
    with_frames = made.generate(Request(prompt, max_tokens=1))[0].tokens_in
    words = tuple(part for part in prompt.turns[0].parts if isinstance(part, str))
    without = made.generate(Request(Prompt("s", (ChatTurn("user", words),)), max_tokens=1))[0].tokens_in
    line_feed = 1
    assert with_frames - without == 3 * (256 + 2 + line_feed)
    for sent in _sent(prompt):
        assert len(tile(sent, 12)) == 1
        assert np.array_equal(tile(sent, 12).tiles, tile(prompt.images[0], 1).tiles)


@pytest.mark.parametrize("bound", [1, 2, 6, 12])
def test_a_picture_with_a_bound_of_its_own_takes_so_many_tiles_of_a_server_with_any_bound(bound: int) -> None:
    for size in ((1920, 1080), (300, 1200), (448, 448), (1, 1), (2000, 30)):
        image = picture(*size)
        (sent,) = _sent(Prompt("s", (ChatTurn("user", labelled_images([image], max_tiles=bound)),)))
        for servers in (12, 24, 40):
            assert choose_grid(*sent.size, servers) == choose_grid(*image.size, bound)


def _sent(prompt: Prompt) -> list[Image.Image]:
    """The pictures that a server is sent."""
    urls = [part["image_url"]["url"] for m in to_messages(prompt)[1:] for part in m["content"] if "image_url" in part]
    return [decode_image(base64.b64decode(url.partition(",")[2])) for url in urls]


RELEASED = {
    "OpenGVLab/InternVL3-8B": "OpenGVLab/InternVL3-8B-hf",
    "OpenGVLab/InternVL3-78B": "OpenGVLab/InternVL3-78B-hf",
    "OpenGVLab/InternVL2_5-8B-MPO": "OpenGVLab/InternVL2_5-8B-MPO-hf",
    "OpenGVLab/InternVL3_5-8B": "OpenGVLab/InternVL3_5-8B-HF",
    "OpenGVLab/InternVL3_5-30B-A3B": "OpenGVLab/InternVL3_5-30B-A3B-HF",
    "OpenGVLab/InternVL3_5-241B-A28B": "OpenGVLab/InternVL3_5-241B-A28B-HF",
    "OpenGVLab/InternVL3_5-GPT-OSS-20B-A4B-Preview": "OpenGVLab/InternVL3_5-GPT-OSS-20B-A4B-Preview-HF",
}


@pytest.mark.parametrize("name", RELEASED)
def test_released_names_are_mapped_to_their_twins_with_a_note(name: str) -> None:
    twin = RELEASED[name]
    assert resolve_model(name) == (twin, (f"{name} is in the original format: using its twin {twin}",))
    assert resolve_model(twin) == (twin, ())


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("OpenGVLab/InternVL3-8B-Instruct", "use OpenGVLab/InternVL3-8B-hf, or start a server"),
        ("OpenGVLab/InternVL3-8B-Pretrained", "use OpenGVLab/InternVL3-8B-hf, or"),
        ("OpenGVLab/InternVL3-8B-AWQ", "use OpenGVLab/InternVL3-8B-hf with --quantize 4bit, or"),
        ("OpenGVLab/InternVL3_5-8B-MPO", "use OpenGVLab/InternVL3_5-8B-HF, or"),
        ("OpenGVLab/InternVL3_5-8B-Flash", "use OpenGVLab/InternVL3_5-8B-HF, or"),
        ("OpenGVLab/InternVL2_5-8B", "use OpenGVLab/InternVL2_5-8B-MPO-hf, or"),
        ("OpenGVLab/InternVL2_5-8B-AWQ", "use OpenGVLab/InternVL2_5-8B-MPO-hf with --quantize 4bit, or"),
    ],
)
def test_a_checkpoint_of_the_original_format_alone_is_refused_with_the_remedy(name: str, remedy: str) -> None:
    with pytest.raises(UsageError, match=remedy):
        resolve_model(name)


def test_other_names_stay_as_they_are() -> None:
    for name in ("somebody/InternVL3-8B", "OpenGVLab/ScaleCUA-7B", "OpenGVLab/InternVL3-8B-hf"):
        assert resolve_model(name) == (name, ())
    with pytest.raises(UsageError, match="do you mean OpenGVLab/InternVL3-8B-hf"):
        resolve_model("InternVL3-8B")


@pytest.mark.parametrize(("layers", "gpus"), [(28, 2), (28, 3), (48, 2), (64, 4), (80, 8), (2, 2), (3, 8)])
def test_several_equal_gpus_share_the_layers_as_the_model_card_says(layers: int, gpus: int) -> None:
    import math

    each = math.ceil(layers / (gpus - 0.5))
    counts = [math.ceil(each * 0.5), *[each] * (gpus - 1)]
    card = [gpu for gpu, count in enumerate(counts) for _ in range(count)][:layers]
    card[-1] = 0
    made = split_over_gpus(layers, [80 << 30] * gpus)
    assert [made[f"model.language_model.layers.{number}"] for number in range(layers)] == card
    assert {made[name] for name in FIRST_GPU} == {0}


def test_unequal_gpus_share_the_layers_by_their_memory() -> None:
    made = split_over_gpus(40, [24 << 30, 48 << 30])
    layers = [made[f"model.language_model.layers.{number}"] for number in range(40)]
    assert (layers[0], layers[-1]) == (0, 0)
    assert layers[:-1].count(0) == 8
    assert layers.count(1) == 31


def test_the_device_map_names_every_part_of_the_model(families: dict[str, Path]) -> None:
    for folder in families.values():
        model = load_checkpoint(str(folder)).model
        made = split_over_gpus(2, [1, 1])
        parts = [name for name, _ in (*model.named_parameters(), *model.named_buffers())]
        lost = [part for part in parts if not any(part.startswith(f"{name}.") for name in made)]
        assert not lost


@pytest.mark.parametrize("bits", ["8bit", "4bit"])
def test_only_the_language_part_is_quantised(families: dict[str, Path], bits: str) -> None:
    """By the rule transformers itself goes by."""
    import torch
    from transformers.quantizers.quantizers_utils import should_convert_module

    settings = quantization_config(bits, torch.bfloat16)
    assert settings is not None
    model = load_checkpoint(str(families["qwen3"])).model
    linear = {name for name, module in model.named_modules() if type(module) is torch.nn.Linear}
    small = {name for name in linear if should_convert_module(name, settings.llm_int8_skip_modules)}
    assert small == {name for name in linear if name.startswith("model.language_model.layers.")}
    assert settings.load_in_8bit is (bits == "8bit")
    assert settings.load_in_4bit is (bits == "4bit")


@pytest.mark.parametrize(
    ("gigabytes", "able", "kind"),
    [
        (0.5, {}, "fp32"),
        (2, {}, "fp32"),
        (2, {"avx512_bf16": True}, "bf16"),
        (2, {"amx_bf16": False}, "fp32"),
        (10**4, {}, "bf16"),
    ],
)
def test_a_cpu_gets_the_number_format_that_is_fastest_on_it(
    gigabytes: float, able: dict[str, bool], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "model.safetensors").open("wb") as file:  # a file with a hole: it takes no room on the disk
        file.truncate(int(gigabytes * 2**30))
    monkeypatch.setattr("torch.cpu.get_capabilities", lambda: able)
    assert cpu_format(tmp_path) == kind


def test_quantising_without_a_gpu_names_the_way_for_a_cpu(small_checkpoint: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    for bits in ("8bit", "4bit"):
        with pytest.raises(SetupError, match=f"--quantize {bits} needs an NVIDIA GPU.*use --fast"):
            open_engine(str(small_checkpoint), EngineOptions(quantize=bits))


def test_the_number_format_is_as_chosen_and_noted(small_checkpoint: Path) -> None:
    import torch

    for name, dtype, words in (("bf16", torch.bfloat16, "bfloat16"), ("fp16", torch.float16, "float16")):
        held = load_checkpoint(str(small_checkpoint), EngineOptions.model_validate({"dtype": name}))
        assert held.model.dtype is dtype
        assert f"{words} on the CPU" in held.notes


def _edit(path: Path, change: Callable[[Any], object]) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def _config(change: Callable[[Any], object]) -> Callable[[Path], object]:
    return lambda folder: _edit(folder / "config.json", change)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "original, by architecture": (
        _config(lambda c: c.update(architectures=["InternVLChatModel"])),
        r"original format, which runs code of its own; give OpenGVLab/InternVL3-8B-hf",
    ),
    "no vision": (_config(lambda c: c.pop("vision_config")), r"lacks text_config or vision_config"),
    "a list for a part": (_config(lambda c: c.update(text_config=[])), r"lacks text_config or vision_config"),
    "another language part": (
        _config(lambda c: c["text_config"].update(model_type="internlm2")),
        r"language part of type 'internlm2', none of qwen2",
    ),
    "tokens a tile": (
        _config(lambda c: c.update(image_seq_length=255)),
        r"255 tokens a tile, and its tiles of 448 pixels in patches of 14 make 256",
    ),
    "patches of nothing": (
        _config(lambda c: c["vision_config"].update(patch_size=[0, 0])),
        r"in patches of 0 make 0",
    ),
    "a smaller vocabulary": (
        _config(lambda c: c["text_config"].update(vocab_size=300)),
        r"has \d+ tokens and config\.json's vocab_size is 300",
    ),
    "not a number": (_config(lambda c: c["text_config"].update(num_hidden_layers="two")), r"could not be loaded"),
    "no image token": (_config(lambda c: c.update(image_token_id=0)), r"image_token_id 0"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_configuration_that_cannot_be_is_a_model_error(copy: Path, name: str) -> None:
    breaking, message = BROKEN[name]
    breaking(copy)
    with pytest.raises(ModelError, match=message) as caught:
        open_engine(str(copy))
    assert "\n" not in str(caught.value)
    assert str(copy) in str(caught.value)


def test_code_that_a_checkpoint_carries_is_never_run(copy: Path) -> None:
    trace = copy.parent / "ran"
    code = f"open({str(trace)!r}, 'w').close()\nclass Anything: ...\n"
    (copy / "own_code.py").write_text(code)
    auto = dict.fromkeys(("AutoConfig", "AutoModel", "AutoModelForImageTextToText"), "own_code.Anything")
    _edit(copy / "config.json", lambda config: config.update(auto_map=auto))
    _edit(copy / "tokenizer_config.json", lambda c: c.update(auto_map={"AutoTokenizer": [None, "own_code.Anything"]}))
    open_engine(str(copy)).close()
    _edit(copy / "config.json", lambda config: config.update(model_type="internvl_chat"))
    with pytest.raises(ModelError, match="original format"):
        open_engine(str(copy))
    assert not trace.exists()


def test_pickled_weights_are_not_read(copy: Path) -> None:
    import torch
    from safetensors.torch import load_file

    torch.save(load_file(copy / "model.safetensors"), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="has no weights"):
        open_engine(str(copy))


def test_every_language_part_that_is_loaded_can_be_built() -> None:
    assert set(LANGUAGES) == set(get_args(Language))


def _scaled(tensors: dict[str, Any], name: str) -> None:
    import torch

    for key in [key for key in tensors if "language_model" in key and key.endswith("proj.weight")]:
        scale = tensors[key].abs().max().float() / 448
        tensors[key] = (tensors[key].float() / scale).to(torch.float8_e4m3fn)
        if name:
            tensors[key.replace(".weight", f".{name}")] = scale.reshape(1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: _scaled(t, "weight_scale"), r"unexpected tensors.*\.weight_scale,.*serve it with vLLM"),
        (lambda t: _scaled(t, "input_scale_2"), r"unexpected tensors.*\.input_scale_2,"),
        (lambda t: _scaled(t, ""), r"8-bit floats, such as .*proj\.weight, and config.json names no quantisation"),
        (
            lambda t: t.update({"model.adapter.lora_A": next(iter(t.values())).clone()}),
            r"1 unexpected tensors.*adapter\.lora_A",
        ),
        (lambda t: t.pop(next(key for key in t if key.endswith("o_proj.weight"))), r"lack 1 tensors, such as .*o_proj"),
    ],
)
def test_tensors_without_a_place_and_places_without_a_tensor_are_refused(
    copy: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    """transformers reads what fits and only warns of the rest: the model would answer, and point elsewhere."""
    from safetensors.torch import load_file, save_file

    tensors = load_file(copy / "model.safetensors")
    change(tensors)
    save_file(tensors, copy / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=message):
        open_engine(str(copy))
