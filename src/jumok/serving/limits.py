"""What a server takes, at most."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ServingLimits:
    """Limits of requests, of what waits, and of the processes that compute."""

    body_bytes: int = 20_000_000  # of one request
    held_bytes: int = 200_000_000  # of all requests that arrive, wait or are computed
    pixels: int = 25_000_000  # of an image
    tokens: int = 2_000  # of an input, and of an answer
    inputs: int = 64  # of one request
    beam: int = 16  # hypotheses, and answers of one input
    numbers: int = 2_000_000  # attention weights of one answer
    wait: float = 2.0  # seconds, predicted, before a request is computed; beyond it requests are shed
    timeout: float = 30.0  # seconds that a request may take, where it does not say it
    max_timeout: float = 300.0
    receive: float = 10.0  # seconds in which a request must arrive, and a connection must ask something
    hang: float = 60.0  # seconds after which a batch whose requests are all over is given up
    load: float = 300.0  # seconds that a model may take to load
    batch: int = 64  # inputs that are computed together
    delay: float = 0.005  # seconds that a request waits for others to be computed with
    memory: int | None = None  # bytes of a process that computes; None: all but a tenth of the machine's
    drain: float = 30.0  # seconds in which accepted requests are answered after SIGTERM
    connections: int = 4_000
