"""`python -m handeye.scenarios.suites.grounding` makes the pictures and the data set anew."""

from __future__ import annotations

import sys

from handeye.scenarios.suites.grounding.make_pictures import main

if __name__ == "__main__":
    sys.exit(main())
