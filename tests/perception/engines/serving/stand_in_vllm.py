"""Behaves as vLLM does when it is started, well or badly: STAND_IN says how. It serves no model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HOW = os.environ.get("STAND_IN", "well")


def flag(name: str) -> str:
    return sys.argv[sys.argv.index(name) + 1]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path not in {"/health", "/v1/models"}:
            self.send_error(404)
            return
        data = json.dumps({"data": [{"id": flag("--served-model-name"), "owned_by": "vllm"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self) -> None:
        os._exit(3)  # in the middle of an answer

    def log_message(self, *_: object) -> None:
        """Quiet."""


def main() -> None:
    Path(os.environ["STAND_IN_ARGUMENTS"]).write_text(json.dumps(sys.argv[1:]))
    print("(APIServer pid=7) INFO 11-21 09:27:40 [api.py:7] loading weights 3/7", flush=True)
    if HOW == "script" and "serve" in sys.argv[:2]:
        sys.exit("importlib.metadata.PackageNotFoundError: No package metadata was found for vllm")
    if HOW == "memory":
        print("ERROR torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB", flush=True)
        sys.exit(1)
    if HOW == "slow":
        time.sleep(60)
    if HOW == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    worker = "import time; time.sleep(600)"  # as deaf as the server: it inherits what is ignored
    with subprocess.Popen([sys.executable, "-c", worker]) as child:
        Path(os.environ["STAND_IN_PIDS"]).write_text(f"{os.getpid()} {child.pid}")
        time.sleep(0.5)
        ThreadingHTTPServer((flag("--host"), int(flag("--port"))), Handler).serve_forever(0.05)


if __name__ == "__main__":
    main()
