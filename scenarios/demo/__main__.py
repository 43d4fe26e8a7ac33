"""`python -m handeye.scenarios.demo`."""

from __future__ import annotations

import sys

from handeye.scenarios.demo.demo import main

if __name__ == "__main__":
    sys.exit(main())
