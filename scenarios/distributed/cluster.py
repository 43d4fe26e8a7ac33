"""Connects to a Ray cluster: an existing one, or one that is started on this machine."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from handeye.agent.resources import EMBEDDED
from handeye.tools.errors import SetupError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The address for a cluster on this machine only.
LOCAL = "local"
#: Bytes of shared memory for the object store of a local cluster; results are small.
OBJECTS = 128 * 2**20
#: Seconds until a cluster must answer.
PATIENCE = 10.0


class Cluster(NamedTuple):
    """A cluster that this process is connected to."""

    ray: Any
    """The module `ray`."""
    cores: int
    apart: bool
    """Whether it includes other machines, which share neither disk nor addresses with this one."""


@contextmanager
def connect(address: str, model: str = EMBEDDED, cores: int | None = None) -> Iterator[Cluster]:
    """Connect to the cluster at an address, or with `local` start one with `cores` cores, until the context ends.

    Raises UsageError for a model that its workers cannot share, and SetupError where no cluster answers.
    """
    if model != EMBEDDED and not model.startswith(("http://", "https://")):
        raise UsageError(
            f"--model {model!r} would be loaded once by each worker of --ray; start it with handeye serve, "
            "and give its address, which they share"
        )
    ray = _ray()
    if address != LOCAL:
        _await(address)
    given: dict[str, Any] = {"log_to_driver": False, "configure_logging": False, "include_dashboard": False}
    given |= {"num_cpus": cores, "object_store_memory": OBJECTS, "_node_ip_address": "127.0.0.1"}
    if address != LOCAL:
        given = {"log_to_driver": False, "configure_logging": False, "address": address}
    try:
        ray.init(**given)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        reason = str(error).strip().splitlines()[0]
        raise SetupError(f"--ray {address}: the cluster cannot be joined ({reason}); see ray status there") from error
    try:
        nodes = [node for node in ray.nodes() if node["Alive"]]
        mine = ray.util.get_node_ip_address()
        apart = any(node["NodeManagerAddress"] not in (mine, "127.0.0.1") for node in nodes)
        host = urlsplit(model).hostname or ""
        if apart and host in ("localhost", "127.0.0.1", "::1"):
            raise UsageError(f"--model {model!r} is another machine on each of the cluster; give an address all reach")
        yield Cluster(ray, max(1, int(ray.cluster_resources().get("CPU", 1))), apart)
    finally:
        ray.shutdown()


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray must not send usage statistics
    try:
        import ray
    except ImportError as error:
        raise SetupError("--ray needs: pip install 'handeye[ray]'") from error
    return ray


def _await(address: str) -> None:
    """Raise SetupError where nothing answers at the address: Ray itself retries for minutes."""
    place = urlsplit(address if "://" in address else f"//{address}")
    try:
        host, port = place.hostname, place.port
    except ValueError:
        host, port = None, None
    if address == "auto":
        return
    if not host or not port:
        raise UsageError(f"--ray {address!r} is not an address; write HOST:PORT such as 10.0.0.5:6379, auto, or local")
    try:
        socket.create_connection((host, port), PATIENCE).close()
    except OSError as error:
        raise SetupError(
            f"no Ray cluster answers at {address} ({error}); start one there with: ray start --head --port {port}"
        ) from error
