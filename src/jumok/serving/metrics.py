"""What a server counts, for Prometheus."""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

TIME_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
SIZE_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """Counters and histograms; labels are names of ours and of models alone, so that their number is bounded."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "jumok_requests",
            "Requests by route, model and status.",
            ["route", "model", "status"],
            registry=registry,
        )
        self.sheds = Counter(
            "jumok_sheds", "Requests answered 429, by reason.", ["reason"], registry=registry
        )
        self.latency = Histogram(
            "jumok_request_seconds",
            "Time from a request to the end of its response.",
            ["route", "model"],
            buckets=TIME_BUCKETS,
            registry=registry,
        )
        self.waited = Histogram(
            "jumok_queue_seconds", "Time in the queue.", ["model"], buckets=TIME_BUCKETS, registry=registry
        )
        self.sizes = Histogram(
            "jumok_batch_size",
            "Inputs that were computed together.",
            ["model"],
            buckets=SIZE_BUCKETS,
            registry=registry,
        )
        self.restarts = Counter(
            "jumok_worker_restarts", "Restarts of the process that computes.", ["model"], registry=registry
        )
        self.queued = Gauge("jumok_queue_inputs", "Inputs that wait.", ["model"], registry=registry)
        self.wait = Gauge(
            "jumok_queue_predicted_seconds", "Predicted waiting time.", ["model"], registry=registry
        )
        self.ready = Gauge("jumok_model_ready", "1 when a model answers.", ["model"], registry=registry)
        self.held = Gauge("jumok_held_bytes", "Bytes of requests in the server.", registry=registry)
        self.memory = Gauge(
            "jumok_memory_bytes",
            "Resident memory of the server and of its models.",
            ["process"],
            registry=registry,
        )

    def batch(self, model: str, size: int, waits: Sequence[float]) -> None:
        """Count a batch.

        Args:
            model: The name of its model.
            size: Its inputs.
            waits: The seconds that each of its requests waited.
        """
        self.sizes.labels(model).observe(size)
        for seconds in waits:
            self.waited.labels(model).observe(seconds)

    def count_shed(self, reason: str | None) -> None:
        """Count a refusal, if it is one for want of time or room."""
        if reason is not None:
            self.sheds.labels(reason).inc()

    def text(self, look: Callable[[], None]) -> bytes:
        """All metrics in the format of Prometheus, after gauges were looked at."""
        look()
        return generate_latest(self.registry)
