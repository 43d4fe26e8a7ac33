"""`python -m handeye.agent` is the same as `handeye`."""

from handeye.agent.cli import main

main()
