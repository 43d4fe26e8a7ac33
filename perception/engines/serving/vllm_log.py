"""What a server's log says: how far it has come, and why it ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Colours, and what vLLM writes before each message: process, level, time and place in its source.
CLUTTER = re.compile(
    r"\x1b\[[0-9;]*m"
    r"|^\([\w =-]+\)\s*"
    r"|^(?:DEBUG|INFO|WARNING|ERROR)[\s:]+(?:\d\d-\d\d \d\d:\d\d:\d\d )?(?:\[[\w.]+:\d+\] )?"
)
#: Bytes at the end of a log that are looked at.
TAIL = 64_000
#: What is found in the log, and the sentence for it; the first that is found decides.
REASONS: tuple[tuple[str, str], ...] = (
    (r"unrecognized arguments: (?P<it>.+)", "vLLM does not know {it}; leave it out, or update vLLM"),
    (r"address already in use|\[Errno 98\]", "its port is taken; choose another with --port"),
    (
        (
            r"out of memory|OutOfMemoryError|No available memory for the cache|KV cache (?:is needed|memory)"
            r"|Free memory on device|Cannot allocate memory"
        ),
        "the memory is too small; use a smaller model, --quantize 4bit, a smaller --max-model-len or fewer --max-tiles",
    ),
    (r"No space left on device", "the disk is full; free some room for the model's files"),
    (
        r"Model architectures? (?P<it>\[.*?\]) (?:are|is) not supported|does not recognize this architecture",
        "this vLLM does not know the model's architecture; update vLLM, or take a checkpoint whose name ends in -hf",
    ),
    (r"trust_remote_code", "the model brings code of its own; start it with --trust-remote-code if you trust it"),
    (
        (
            r"is not a valid model identifier|RepositoryNotFound|Repository Not Found|Can't load the configuration"
            r"|couldn't connect to|Connection error, and we cannot find|LocalEntryNotFound"
        ),
        "the model cannot be found or fetched; check its name and the network, or give a folder",
    ),
    (r"GatedRepo|401 Client Error|403 Client Error", "the model's files need a login; run hf auth login first"),
    (
        r"(?:Safetensor|SafetensorError|HeaderTooLarge|MetadataIncompleteBuffer).*",
        "the weights are broken; download them again",
    ),
    (
        r"No CUDA GPUs are available|Failed to infer device type",
        "vLLM finds no GPU; check its driver, or use a vLLM for the CPU",
    ),
)
#: The console script's own failures, which starting vLLM as a module gets around.
SCRIPT_FAILED = re.compile(r"PackageNotFoundError|bad interpreter|No module named '?vllm\.entrypoints\.cli")


def tail(log: Path) -> str:
    """The end of a log; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def last_line(text: str) -> str:
    """The last message of a log, without what stands before it."""
    for line in reversed(text.splitlines()):
        message = _message(line)
        if message:
            return message[:160]
    return ""


def reason(text: str) -> str:
    """Why a server ended, in one sentence: a known cause, else the last error in its log."""
    for pattern, sentence in REASONS:
        if found := re.search(pattern, text, re.IGNORECASE):
            return sentence.format(**found.groupdict()) if "{it}" in sentence else sentence
    errors = [line for line in text.splitlines() if re.search(r"\b\w*(?:Error|Exception)\b: .", line)]
    # What a server's first process says at its end is only that another one failed.
    telling = [line for line in errors if "Engine core" not in line] or errors
    return _message(telling[-1])[:300] if telling else last_line(text) or "it wrote nothing"


def _message(line: str) -> str:
    before = None
    while before != line:
        before, line = line, CLUTTER.sub("", line.strip(), count=1)
    return " ".join(line.split())
