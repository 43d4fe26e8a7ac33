"""Runs scenarios on several machines with Ray: `handeye test --ray ADDRESS`.

handeye must be installed in the same version on all machines of the cluster. The folders of suites are sent to the
workers, and the folders of runs are sent back. A model runs behind one address that all machines can reach.
"""

from handeye.scenarios.distributed.cluster import Cluster, connect
from handeye.scenarios.distributed.cluster_pool import ClusterPool

__all__ = ["Cluster", "ClusterPool", "connect"]
