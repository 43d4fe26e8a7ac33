"""What can go wrong, named by who must act.

HandeyeError
├── UsageError      the person typed something that cannot be used                       exit 2
├── SetupError      the person must install, start or free something                     exit 3
├── ModelError      the model could not be loaded, or did not answer                     exit 3
│   └── ModelAway       the server does not answer at the moment: it may be tried again
├── Withheld        a request must not leave the device; the device goes on without it
├── DeviceLost      the screen, browser or program under it went away                    exit 3
│   └── Stopped         the person stopped handeye: the run can be resumed               exit 130
├── ActionRefused   a rule or a limit forbids the action; the policy may choose again        exit 4
└── ActionFailed    it was tried and did not work; the policy knows                         exit 4
    └── TargetChanged   what was to be pressed is not what was there at the last look: it was not pressed

A message gives the value, the limit and the remedy in one sentence. Errors of other libraries are translated where
they enter, with `raise ... from error`, so that other modules need not know Playwright, Xlib or httpx.
"""

from __future__ import annotations


class HandeyeError(Exception):
    """Anything handeye raises on purpose; the command line prints its message without a traceback."""

    exit_code = 3


class UsageError(HandeyeError):
    """An input cannot be parsed or read: an empty goal, a file that is not an image."""

    exit_code = 2


class SetupError(HandeyeError):
    """Something is missing on this machine: a display, a browser, a package, room on the disk."""


class ModelError(HandeyeError):
    """The model could not be loaded, or its server did not answer as its protocol requires."""


class ModelAway(ModelError):
    """The model's server cannot be reached, hung up, or is too busy: it may be back soon."""


class Withheld(HandeyeError):
    """A request that was announced must not leave; unlike any other error, this one stops no action."""


class DeviceLost(HandeyeError):
    """The device went away in the middle of a run: browser closed, display gone, program ended."""


class Stopped(DeviceLost):
    """The person stopped handeye: by Ctrl-C, the stop key, or a push into the screen's corner."""

    exit_code = 130


class ActionRefused(HandeyeError):
    """The action was not tried, because a rule or the screen's edge forbids it."""

    exit_code = 4


class ActionFailed(HandeyeError):
    """The action was tried and did not work."""

    exit_code = 4


class TargetChanged(ActionFailed):
    """The target changed after the observation that the guard checked; the action was not performed."""
