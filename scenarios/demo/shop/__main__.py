"""`python -m handeye.scenarios.demo.shop --port 8000` serves the shop until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import sys
import threading
from pathlib import Path

from handeye.scenarios.demo.shop import Shop
from handeye.tools.errors import HandeyeError


def main() -> int:
    """Serve the shop until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m handeye.scenarios.demo.shop", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one (default: 8000)")
    parser.add_argument("--orders", type=Path, metavar="FILE", help="keep the placed orders in this JSON file")
    options = parser.parse_args()
    try:
        with Shop(port=options.port, orders_file=options.orders) as shop, contextlib.suppress(KeyboardInterrupt):
            print(f"the shop is open at {shop.url}; log in as ada / lovelace; Ctrl-C closes it", flush=True)  # noqa: T201
            threading.Event().wait()
    except HandeyeError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
