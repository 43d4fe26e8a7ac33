"""Run Playwright in a thread with its own event loop.

Events of the browser (dialogs, new tabs, paused requests) are processed at any time, not only during a call. The caller
may run in an event loop of its own. Ctrl-C interrupts the caller and leaves Playwright's connection intact.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import handeye.tools.cancellation as cancellation

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

#: Longest wait in one piece: on Windows a waiting thread handles Ctrl-C only between two waits.
POLL_SECONDS = 0.5


class Worker:
    """Runs coroutines in its thread and returns their results to other threads."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="handeye-browser", daemon=True)
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T], *, waits: bool = False) -> T:
        """Return the coroutine's result. When the caller is interrupted, the coroutine is cancelled.

        `waits`: the coroutine only waits, so Stopped is raised as soon as the run is to stop.
        """
        if not self._thread.is_alive():
            coroutine.close()
            raise RuntimeError("the browser's thread has ended")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            while True:
                try:
                    return future.result(min(cancellation.EAR, POLL_SECONDS) if waits else POLL_SECONDS)
                except TimeoutError:
                    if future.done():
                        raise
                    if waits:
                        cancellation.check()
        except BaseException:
            future.cancel()
            raise

    def stop(self) -> None:
        """End the thread and cancel its tasks. May be called twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()
