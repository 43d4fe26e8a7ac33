"""Scenarios on more than one machine, by Ray: `handeye test --ray ADDRESS`.

On the machines of a cluster handeye must be installed, in the same version; what suites need travels with them (their
folder, and what they serve), and the runs' folders come back. A model stays behind one address that all can reach.
"""

from handeye.scenarios.distributed.cluster import Cluster, connect
from handeye.scenarios.distributed.cluster_pool import ClusterPool

__all__ = ["Cluster", "ClusterPool", "connect"]
