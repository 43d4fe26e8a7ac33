"""Serving: the plan for a model and its GPUs, and a server that starts, is watched, and ends with all it started."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handeye.perception.engines import EngineOptions, open_engine
from handeye.perception.engines.engine import Request
from handeye.perception.engines.serving import http, vllm_server
from handeye.perception.engines.serving.vllm_plan import (
    GB,
    CheckpointFacts,
    Gpu,
    GpuSplit,
    ServeOptions,
    find_gpus,
    split_gpus,
    vllm_flags,
)
from handeye.perception.engines.serving.vllm_server import (
    ServePlan,
    VllmServer,
    failure_reason,
    find_vllm,
    last_log_message,
    plan_server,
)
from handeye.perception.internvl.prompt import ChatTurn, Prompt
from handeye.tools.errors import ModelError, SetupError, UsageError

STAND_IN = Path(__file__).with_name("stand_in_vllm.py")

#: The released models' shapes: language heads, key-value heads, vision heads, bytes of weights.
INTERNVL3_8B = CheckpointFacts("8B", heads=28, key_value_heads=4, vision_heads=16, context=32768, weights=16 * GB)
INTERNVL3_78B = CheckpointFacts("78B", heads=64, key_value_heads=8, vision_heads=25, context=32768, weights=157 * GB)


@pytest.mark.parametrize(
    ("facts", "memory", "count", "quantize", "expected"),
    [
        (INTERNVL3_8B, 80, 1, "none", GpuSplit(1, 1)),
        (INTERNVL3_8B, 80, 8, "none", GpuSplit(1, 8)),
        (INTERNVL3_8B, 16, 2, "none", GpuSplit(2, 1)),
        (INTERNVL3_8B, 12, 3, "none", None),  # 28 heads cannot be dealt out to 3, and 2 are too small
        (INTERNVL3_8B, 12, 7, "none", GpuSplit(4, 1)),
        (INTERNVL3_8B, 16, 1, "4bit", GpuSplit(1, 1)),
        (INTERNVL3_78B, 80, 1, "none", None),
        (INTERNVL3_78B, 80, 4, "none", GpuSplit(4, 1)),
        (INTERNVL3_78B, 80, 8, "none", GpuSplit(4, 2)),
        (INTERNVL3_78B, 140, 8, "none", GpuSplit(2, 4)),
        (CheckpointFacts("unknown"), 8, 4, "none", GpuSplit(1, 4)),
        (INTERNVL3_8B, 0, 0, "none", GpuSplit(1, 1)),  # on the CPU
    ],
)
def test_a_model_lies_on_as_few_gpus_as_hold_it_and_on_each_such_group(
    facts: CheckpointFacts, memory: int, count: int, quantize: Any, expected: GpuSplit | None
) -> None:
    gpus = [Gpu(memory * GB)] * count
    if expected is None:
        with pytest.raises(SetupError, match=rf"takes about \d+ GB .* there are {count} of {memory} GB; use a smaller"):
            split_gpus(facts, gpus, quantize)
    else:
        assert split_gpus(facts, gpus, quantize) == expected


@given(
    st.integers(1, 128), st.integers(1, 16), st.integers(0, 400), st.lists(st.integers(4, 200), min_size=1, max_size=16)
)
def test_however_it_is_split_it_fits_and_heads_are_dealt_out_evenly(
    each: int, groups: int, weights: int, memories: list[int]
) -> None:
    facts = CheckpointFacts("m", heads=each * groups, key_value_heads=groups, weights=weights * GB)
    gpus = [Gpu(memory * GB) for memory in memories]
    try:
        tensor, data = split_gpus(facts, gpus)
    except SetupError:
        return
    assert facts.heads % tensor == 0
    assert groups % tensor == 0 or tensor % groups == 0
    assert tensor * data <= len(gpus)
    assert weights / tensor < min(memories)


def read(
    facts: CheckpointFacts,
    *gpus: Gpu,
    wishes: ServeOptions | None = None,
    share: GpuSplit | None = None,
    **options: Any,
) -> dict[str, str]:
    """The flags of a plan with their values."""
    words = vllm_flags(facts, EngineOptions(**options), wishes or ServeOptions(), share or GpuSplit(), gpus)
    return {
        word: following if not following.startswith("--") else ""
        for word, following in zip(words, [*words[1:], "--"], strict=True)
        if word.startswith("--")
    }


def test_flags_follow_the_family_and_the_options() -> None:
    plain = read(INTERNVL3_8B)
    assert plain["--max-model-len"] == "16384"
    assert json.loads(plain["--limit-mm-per-prompt"]) == {"image": 4, "video": 0}
    assert "--enable-prefix-caching" in plain
    assert not {"--trust-remote-code", "--mm-processor-kwargs", "--dtype", "--quantization"} & set(plain)
    many = read(INTERNVL3_8B, max_tiles=40)
    assert json.loads(many["--mm-processor-kwargs"]) == {"min_patches": 1, "max_patches": 40}
    assert int(many["--max-model-len"]) > 41 * 256 + 4096
    old = read(CheckpointFacts("o", original=True, context=8192), max_tiles=6)
    assert json.loads(old["--mm-processor-kwargs"]) == {"min_dynamic_patch": 1, "max_dynamic_patch": 6}
    assert "--trust-remote-code" in old
    assert old["--max-model-len"] == "8192"
    assert read(INTERNVL3_8B, dtype="bf16")["--dtype"] == "bfloat16"
    assert read(INTERNVL3_8B, Gpu(16 * GB, 7.5))["--dtype"] == "float16"
    assert read(INTERNVL3_8B, quantize="4bit")["--quantization"] == "bitsandbytes"
    wide = read(INTERNVL3_78B, share=GpuSplit(4, 2))
    assert (wide["--tensor-parallel-size"], wide["--data-parallel-size"]) == ("4", "2")
    assert wide["--mm-encoder-tp-mode"] == "data"  # 25 heads of the vision part on 4 GPUs
    mine = read(INTERNVL3_8B, wishes=ServeOptions(max_model_len=4096, tensor_parallel=2, extra=("--enforce-eager",)))
    assert (mine["--max-model-len"], mine["--tensor-parallel-size"]) == ("4096", "2")
    assert "--enforce-eager" in mine


def test_facts_are_read_from_a_checkpoint(tmp_path: Path) -> None:
    config = {
        "model_type": "internvl",
        "text_config": {"num_attention_heads": 28, "num_key_value_heads": 4, "max_position_embeddings": 32768},
        "vision_config": {"num_attention_heads": 16},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes(b"x" * 1000)
    assert CheckpointFacts.read(str(tmp_path)) == CheckpointFacts(str(tmp_path), False, 28, 4, 16, 32768, 1000)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "internvl_chat", "llm_config": {}}))
    assert CheckpointFacts.read(str(tmp_path)).original
    (tmp_path / "config.json").write_text("{ broken")
    assert CheckpointFacts.read(str(tmp_path)).heads == 0


def test_without_its_files_the_size_of_a_model_follows_from_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handeye.perception.engines.serving.vllm_plan._from_hub", lambda *_: None)
    assert CheckpointFacts.read("OpenGVLab/InternVL3-8B-hf").weights == 16_000_000_000
    assert CheckpointFacts.read("OpenGVLab/InternVL3_5-30B-A3B-HF").weights == 60_000_000_000
    assert not CheckpointFacts.read("OpenGVLab/InternVL3-8B-hf").original
    assert CheckpointFacts.read("OpenGVLab/InternVL2-8B").original
    assert CheckpointFacts.read("somebody/model").weights == 0


def test_gpus_are_those_this_process_may_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho \"$@\" > \"$0.asked\"\necho '81559, 9.0'\necho '16384, 7.5'\necho 'junk'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert find_gpus() == [Gpu(81559 << 20, 9.0), Gpu(16384 << 20, 7.5)]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,3")
    find_gpus()
    assert "-i 1,3" in (tmp_path / "nvidia-smi.asked").read_text()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert find_gpus() == []
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert find_gpus() == []


@pytest.mark.parametrize(
    ("log", "match"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate", "the memory is too small"),
        ("ValueError: To serve at least one request (16384), 3.5 GiB KV cache is needed", "smaller --max-model-len"),
        ("ValueError: Model architectures ['FooForCausalLM'] are not supported for now.", "does not know the model's"),
        (
            "ValueError: The checkpoint has model type `foo` but Transformers does not recognize this architecture",
            "-hf",
        ),
        ("OSError: [Errno 98] Address already in use", "its port is taken"),
        ("api_server.py: error: unrecognized arguments: --mm-foo 3", "vLLM does not know --mm-foo 3"),
        ("OSError: x/y is not a valid model identifier listed on huggingface", "cannot be found or fetched"),
        ("ValueError: contains custom code; please pass trust_remote_code=True", "--trust-remote-code"),
        ("RuntimeError: Failed to infer device type", "vLLM finds no GPU"),
        (
            "(EngineCore pid=3) ERROR 11-21 09:00:00 [core.py:9] KeyError: 'a.b'\nRuntimeError: Engine core failed.",
            "KeyError: 'a.b'",
        ),
        ("something\n\nlast words\n", "last words"),
        ("", "it wrote nothing"),
    ],
)
def test_why_a_server_died_is_reported_in_one_sentence(log: str, match: str) -> None:
    assert match in failure_reason(log)
    assert "\n" not in failure_reason(log)


def test_the_last_line_is_displayed_without_its_prefix() -> None:
    log = "a\n\x1b[32m(EngineCore pid=18361) INFO 11-21 09:28:24 [weights.py:185] \tloading 3/7\x1b[0m\n\n"
    assert last_log_message(log) == "loading 3/7"
    assert last_log_message("") == ""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A `vllm` that behaves as told, in a folder with a `python` beside it."""

    def make(how: str) -> Path:
        script = tmp_path / "bin" / "vllm"
        script.parent.mkdir()
        script.write_text(f"#!{sys.executable}\nexec(open({str(STAND_IN)!r}).read())\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        # `python -m vllm.entrypoints.openai.api_server` of that environment
        python = script.with_name("python")
        python.write_text(f'#!/bin/sh\nshift 2\nexec {sys.executable} {STAND_IN} "$@"\n')
        python.chmod(0o755)
        monkeypatch.setenv("STAND_IN", how)
        monkeypatch.setenv("STAND_IN_PIDS", str(tmp_path / "pids"))
        monkeypatch.setenv("STAND_IN_ARGUMENTS", str(tmp_path / "arguments"))
        return script

    return make


def order(tmp_path: Path, vllm: Path, **more: Any) -> ServePlan:
    folder = tmp_path / "small-internvl"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text('{"model_type": "internvl"}')
    return plan_server(str(folder), vllm=str(vllm), log=tmp_path / "vllm.log", **more)


def runs(pid: str) -> bool:
    """Whether a process runs; one that nobody has waited for yet is over, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(tmp_path: Path) -> bool:
    """Whether neither the server nor its worker runs any more."""
    pids = (tmp_path / "pids").read_text().split()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if not any(runs(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def test_a_server_starts_and_ends_with_everything_it_started(stand_in: Any, tmp_path: Path) -> None:
    told: list[str] = []
    made = order(tmp_path, stand_in("well"), wishes=ServeOptions(extra=("--enforce-eager",)))
    server = VllmServer.start(made, told.append, 60)
    try:
        arguments = json.loads((tmp_path / "arguments").read_text())
        assert arguments[:2] == ["serve", str(tmp_path / "small-internvl")]
        assert arguments[arguments.index("--served-model-name") + 1] == "small-internvl"
        assert arguments[arguments.index("--host") + 1] == "127.0.0.1"
        assert arguments[-1] == "--enforce-eager"
        assert open_engine(made.url).name == "small-internvl"
        assert "loading weights 3/7" in told
        assert server.trouble() == ""
    finally:
        server.close()
    server.close()
    assert gone(tmp_path)
    assert server.trouble() != ""


def test_a_server_that_does_not_listen_to_sigterm_is_killed(
    stand_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vllm_server, "END_SECONDS", 0.5)
    VllmServer.start(order(tmp_path, stand_in("deaf")), seconds=60).close()
    assert gone(tmp_path)


def test_a_server_ends_when_who_started_it_is_killed(stand_in: Any, tmp_path: Path) -> None:
    script = stand_in("well")
    code = (
        "from pathlib import Path; from handeye.perception.engines.serving.vllm_server import *\n"
        f"import handeye.perception.engines.serving.vllm_server as it; it.END_SECONDS = 0.5\n"
        f"VllmServer.start(plan_server({str(tmp_path)!r}, vllm={str(script)!r}, log=Path({str(tmp_path / 'log')!r})))\n"
        "print('up', flush=True); import time; time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        assert parent.stdout.readline() == "up\n"
        parent.kill()
    assert gone(tmp_path)


def test_a_console_script_that_fails_is_gone_around(stand_in: Any, tmp_path: Path) -> None:
    server = VllmServer.start(order(tmp_path, stand_in("script")), seconds=60)
    try:
        assert json.loads((tmp_path / "arguments").read_text())[:2] == ["--model", str(tmp_path / "small-internvl")]
        assert any("vLLM was started as a module" in note for note in server.notes)
    finally:
        server.close()


def test_a_server_that_dies_while_it_starts_says_why(stand_in: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"ended while it started small-internvl: the memory is too small.*vllm\.log"):
        VllmServer.start(order(tmp_path, stand_in("memory")), seconds=60)


def test_a_server_that_is_not_ready_in_time_is_ended(stand_in: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"not ready with small-internvl after 3 s \(it says: loading weights 3/7\)"):
        VllmServer.start(order(tmp_path, stand_in("slow")), seconds=3)


def test_a_server_that_dies_under_a_run_is_reported_with_the_reason(
    stand_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = order(tmp_path, stand_in("well"))
    monkeypatch.setenv("HANDEYE_VLLM", str(tmp_path / "bin" / "vllm"))
    monkeypatch.setattr(vllm_server, "END_SECONDS", 0.5)
    monkeypatch.setattr(http, "PAUSE", 0.01)
    monkeypatch.setenv("HANDEYE_VLLM_FLAGS", "--swap 'two words'")
    engine = open_engine(f"serve:{made.model}", EngineOptions(max_tiles=6))
    try:
        arguments = json.loads((tmp_path / "arguments").read_text())
        assert json.loads(arguments[arguments.index("--mm-processor-kwargs") + 1])["max_patches"] == 6
        assert arguments[-2:] == ["--swap", "two words"]
        with pytest.raises(ModelError, match="the server of small-internvl ended: loading weights 3/7"):
            engine.generate(Request(Prompt("s", (ChatTurn("user", ("q",)),))))
    finally:
        engine.close()
    assert gone(tmp_path)


def test_a_port_that_is_taken_is_reported_before_anything_starts(stand_in: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=f"port {port} cannot be had .*choose another with --port"):
            order(tmp_path, stand_in("well"), port=port)


def test_a_model_with_code_of_its_own_is_served_only_when_trusted(stand_in: Any, tmp_path: Path) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "internvl_chat"}')
    script = str(stand_in("well"))
    with pytest.raises(SetupError, match="runs code of its own; if you trust it, say so with --trust-remote-code"):
        plan_server(str(folder), vllm=script)
    trusted = plan_server(str(folder), vllm=script, trust=lambda model: model == str(folder))
    assert "--trust-remote-code" in trusted.flags
    assert (
        "--trust-remote-code"
        in plan_server(str(folder), wishes=ServeOptions(trust_remote_code=True), vllm=script).flags
    )


def test_a_released_model_is_served_in_the_format_without_code(stand_in: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handeye.perception.engines.serving.vllm_plan._from_hub", lambda *_: None)
    script = str(stand_in("well"))
    made = plan_server("OpenGVLab/InternVL3-1B", vllm=script)
    assert made.model == "OpenGVLab/InternVL3-1B-hf"
    assert "--trust-remote-code" not in made.flags
    assert any("serving its twin" in note for note in made.notes)
    kept = plan_server("OpenGVLab/InternVL3-1B", wishes=ServeOptions(trust_remote_code=True), vllm=script)
    assert kept.model == "OpenGVLab/InternVL3-1B"
    with pytest.raises(UsageError, match="there is no folder nonsense"):
        plan_server("nonsense", vllm=script)


def test_vllm_is_found_by_its_python_its_executable_or_its_environment(
    stand_in: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = stand_in("well")
    python = script.with_name("python")
    module = (str(python), "-m", "vllm.entrypoints.openai.api_server", "--model")
    assert [launcher.words for launcher in find_vllm(str(python))] == [module]
    assert [launcher.words for launcher in find_vllm(str(tmp_path))] == [module]
    assert [launcher.words for launcher in find_vllm(str(script))] == [(str(script), "serve"), module]
    with pytest.raises(UsageError, match="--vllm /nowhere is no program"):
        find_vllm("/nowhere")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "empty" / "python"))
    monkeypatch.setenv("PATH", str(script.parent))
    assert find_vllm()[0].words == (str(script), "serve")
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(SetupError, match=r"pip install 'handeye\[vllm\]'"):
        find_vllm()


def command(tmp_path: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "handeye.agent", "serve", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_says_how_to_use_the_server_and_ends_it(stand_in: Any, tmp_path: Path, number: int) -> None:
    script = stand_in("well")
    order(tmp_path, script)
    words = ("small-internvl", "--vllm", str(script), "--log", "served.log", "--json", "--", "--enforce-eager")
    with command(tmp_path, *words) as process:
        assert process.stdout
        said = json.loads(process.stdout.readline())
        assert said == {
            "url": said["url"],
            "model": "small-internvl",
            "pid": process.pid,
            "log": "served.log",
        }
        assert open_engine(said["url"]).name == "small-internvl"
        os.kill(said["pid"], number)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out == ""
    assert gone(tmp_path)
    assert json.loads((tmp_path / "arguments").read_text())[-1] == "--enforce-eager"


def test_the_command_fails_with_the_reason_when_the_server_does(stand_in: Any, tmp_path: Path) -> None:
    script = stand_in("memory")
    order(tmp_path, script)
    with command(tmp_path, "small-internvl", "--vllm", str(script), "--log", "served.log", "--json") as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "the memory is too small" in err
    assert json.loads(out)["error"] == "ModelError"
    with command(tmp_path, "small-internvl", "--vllm", str(script), "--quantize", "2bit") as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "--quantize must be one of none, 8bit, 4bit, got '2bit'" in err
