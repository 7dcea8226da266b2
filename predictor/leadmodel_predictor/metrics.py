"""What Prometheus sees. The registry is passed in; children are bound once, for labels() on each request costs more than scoring."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """All metrics of one predictor process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.loaded = Gauge("lead_model_loaded", "1 while a champion is loaded.", registry=registry)
        self.auc = Gauge(
            "lead_model_auc",
            "AUC of the champion: measured by validation, else as its training claims.",
            registry=registry,
        )
        self.age = Gauge(
            "lead_model_age_hours", "Hours since the end of the champion's training.", registry=registry
        )
        self.drift = Gauge(
            "lead_model_drift_score", "Largest |mean live - mean training| / std training.", registry=registry
        )
        self.psi = Gauge(
            "lead_model_drift_psi",
            "Population stability index against the holdout, hour by hour.",
            ["feature"],
            registry=registry,
        )
        self.samples = Gauge("lead_model_drift_samples", "Leads in the drift window.", registry=registry)
        requests = Counter(
            "lead_model_requests_total",
            "Requests by endpoint and answer.",
            ["endpoint", "code"],
            registry=registry,
        )
        self.ok = requests.labels("predict", "200").inc
        self.codes = {
            (endpoint, code): requests.labels(endpoint, str(code)).inc
            for endpoint in ("predict", "batch")
            for code in (200, 400, 404, 405, 413, 415, 422, 503)
        }
        latency = Histogram(
            "lead_model_request_seconds",
            "Time to answer, without the network.",
            ["endpoint"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.took = latency.labels("predict").observe
        self.batch_took = latency.labels("batch").observe
        self.leads = Counter("lead_model_leads_total", "Leads scored.", ["endpoint"], registry=registry)
        self.batch_leads = self.leads.labels("batch").inc
        bad = Counter(
            "lead_model_bad_leads_total",
            "Leads a slot refuses or scores non-finite.",
            ["slot"],
            registry=registry,
        )
        self.bad_champion, self.bad_previous = bad.labels("champion").inc, bad.labels("previous").inc
        reloads = Counter("lead_model_reloads_total", "Reloads by outcome.", ["outcome"], registry=registry)
        self.reloaded, self.reload_refused = reloads.labels("ok").inc, reloads.labels("refused").inc
