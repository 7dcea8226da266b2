"""A Prometheus beside the cluster: the chart says what it scrapes and how, when it raises an alert, and what it leaves out."""

import contextlib
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from e2e.harness.cluster import Cluster
from support import discovery
from support.helm import one, render
from support.monitors import scrape_config
from support.prometheus import Prometheus, running

OVERDUE_S = 30
LEFT_OUT = "python_gc_.*"
_MONITOR = {
    "enabled": True,
    "interval": "1s",
    "relabelings": [{"targetLabel": "cluster", "replacement": "e2e"}],
    "metricRelabelings": [{"sourceLabels": ["__name__"], "regex": LEFT_OUT, "action": "drop"}],
}
VALUES: dict[str, Any] = {
    "metrics": {"serviceMonitor": _MONITOR, "podMonitor": _MONITOR},
    "prometheusRule": {
        "enabled": True,
        "overrides": {
            "LeadModelHighDrift": {"for": "1s"},
            "LeadModelGateFailed": {"for": "1s"},
            "LeadModelRolledBack": {"for": "1s"},
            "LeadModelBackfillOverdue": {"for": "1s", "threshold": OVERDUE_S},
            "LeadModelOperatorDown": {"for": "1s"},
        },
    },
}


@contextlib.contextmanager
def watching(cluster: Cluster, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus with the chart's monitors and rules under VALUES, and with the targets that the cluster has at each moment."""
    values, rules = folder / "values.json", folder / "alerts.yaml"
    values.write_text(json.dumps(VALUES))
    objects = render(f"--values={values}")
    rules.write_text(yaml.safe_dump(one(objects, "PrometheusRule")["spec"]))
    scrapes = [scrape_config(one(objects, kind)) for kind in ("ServiceMonitor", "PodMonitor")]
    settings = {
        "global": {"evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [discovery.from_files(scrape, folder)[0] for scrape in scrapes],
    }
    with followed(cluster, scrapes, folder), running(folder, settings) as prometheus:
        yield prometheus


@contextlib.contextmanager
def followed(cluster: Cluster, scrapes: list[dict[str, Any]], folder: Path) -> Iterator[None]:
    """Write the targets of the cluster again and again; what ended that before its time is raised at the end of the block."""
    stop = threading.Event()

    def follow() -> None:
        while not stop.wait(0.5):
            try:
                listed = cluster.kubectl("get", discovery.KINDS, "--all-namespaces", "-o", "json")
                objects = json.loads(listed)["items"]
            except (RuntimeError, ValueError):  # an API server that does not answer
                continue
            for scrape in scrapes:
                discovery.write(discovery.from_files(scrape, folder)[1], scrape, objects)

    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(follow)
        try:
            yield
        finally:
            stop.set()
            following.result()
