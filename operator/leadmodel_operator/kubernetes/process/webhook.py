"""Sends decisions to an address as JSON that Slack and alike understand. Best effort: no pass ever waits for it.

A message holds what the event says, which never holds a value of a lead. A message is an object with `text` for people and, for
programs, `id`, `time` (RFC 3339, UTC), `namespace`, `leadmodel`, `reason`, `type` and `message`.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from uuid import uuid4

from aiohttp import ClientError, ClientSession, ClientTimeout
from prometheus_client import Counter

from leadmodel_operator.kubernetes.render.names import Object
from leadmodel_operator.planning.planned import Event
from leadmodel_operator.resource.vocabulary import EventReason

log = logging.getLogger("leadmodel")
DECISIONS: tuple[str, ...] = (
    EventReason.ABORTED,
    EventReason.BACKFILL_FAILED,
    EventReason.CHAMPION_LOST,
    EventReason.DRIFT_SUSTAINED,
    EventReason.ENRICHMENT_DRIFT,
    EventReason.ENRICHMENT_PROMOTED,
    EventReason.ENRICHMENT_REJECTED,
    EventReason.ENRICHMENT_ROLLED_BACK,
    EventReason.ENRICHMENT_TRAINING_FAILED,
    EventReason.FOLLOW_UPS_UNHEALTHY,
    EventReason.GATE_FAILED,
    EventReason.GATE_UNDECIDED,
    EventReason.NO_ROLLBACK_TARGET,
    EventReason.PAUSED,
    EventReason.PROMOTED,
    EventReason.RELEASED,
    EventReason.RETRAINING_FAILED,
    EventReason.ROLLED_BACK,
)
WAITING, ATTEMPTS, TIMEOUT_S, LONGEST_S = 256, 8, 10.0, 60.0
AGAIN = {408, 425, 429}  # besides every 5xx
SIGNATURE, TIMESTAMP, DELIVERY = "X-LeadModel-Signature", "X-LeadModel-Timestamp", "X-LeadModel-Delivery"


@dataclass(frozen=True)
class WebhookSettings:
    """Where messages go. Files are read for each attempt, so that a Secret can be rotated without a restart.

    Attributes:
        url: the address; "" when `url_file` holds it.
        url_file: a file that holds the address, for addresses that are secrets.
        key_file: a file that holds the key that signs messages; None: they are not signed.
        reasons: reasons of the events that are sent.
    """

    url: str = ""
    url_file: Path | None = None
    key_file: Path | None = None
    reasons: tuple[str, ...] = DECISIONS

    def address(self) -> str:
        """Return the address; OSError while its file cannot be read."""
        return self.url_file.read_text(encoding="utf-8").strip() if self.url_file is not None else self.url

    def key(self) -> bytes | None:
        """Return the signing key without the line end at its end; None: messages are not signed.

        Raises:
            OSError: the file cannot be read.
            ValueError: the file is empty; a signature with no key would prove nothing.
        """
        if self.key_file is None:
            return None
        key = self.key_file.read_bytes().rstrip(b"\r\n")
        if not key:
            raise ValueError("the signing key is empty")
        return key


def backoff(attempt: int) -> float:
    """Seconds to wait after a failed attempt (1 is the first): 1, 2, 4 … up to 60, less up to a half by chance."""
    return min(LONGEST_S, 2.0 ** (attempt - 1)) * (1 - random.random() / 2)


@dataclass
class Webhook:
    """Takes events without waiting, and sends them one after another from a queue of at most `WAITING`; the oldest gives way."""

    settings: WebhookSettings
    counter: Counter
    clock: Callable[[], datetime]
    timeout: float = TIMEOUT_S
    pause: Callable[[int], float] = backoff
    _waiting: deque[bytes] = field(default_factory=deque)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _sending: bool = False

    def offer(self, lead_model: Object, event: Event, now: datetime) -> None:
        """Queue an event, if its reason is one that is sent."""
        if event.reason not in self.settings.reasons:
            return
        if len(self._waiting) >= WAITING:
            self._waiting.popleft()
            self.counter.labels("dropped").inc()
        self._waiting.append(message(lead_model, event, now))
        self._arrived.set()

    async def run(self) -> None:
        """Send what is queued, for ever, through the proxy of the environment where it names one."""
        async with ClientSession(timeout=ClientTimeout(total=self.timeout), trust_env=True) as session:
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._waiting:
                    self._sending = True
                    try:
                        result = await self._deliver(session, self._waiting.popleft())
                    except Exception as error:  # noqa: BLE001  # whatever it is, it must not end the operator
                        log.warning("a message was lost", extra={"fields": {"error": type(error).__name__}})
                        result = "failed"
                    self._sending = False
                    self.counter.labels(result).inc()

    async def drain(self, seconds: float) -> None:
        """Wait until everything queued is sent or given up, at most so long."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (self._waiting or self._sending) and loop.time() < end:  # noqa: ASYNC110  # once in a life
            await asyncio.sleep(0.02)

    async def _deliver(self, session: ClientSession, body: bytes) -> str:
        """Try until the message is taken, refused, or was tried `ATTEMPTS` times; `sent` or `failed`."""
        delivery = uuid4().hex
        for attempt in range(1, ATTEMPTS + 1):
            why, again = await self._attempt(session, body, delivery)
            if why is None:
                return "sent"
            fields = {"why": why, "attempt": attempt, "delivery": delivery}
            log.warning("the webhook did not take a message", extra={"fields": fields})
            if not again:
                break
            if attempt < ATTEMPTS:
                await asyncio.sleep(self.pause(attempt))
        return "failed"

    async def _attempt(self, session: ClientSession, body: bytes, delivery: str) -> tuple[str | None, bool]:
        """Why it failed (None: it did not), and whether to try again. Never says the address, which may be a secret."""
        try:
            headers = self._headers(body, delivery)
            address = self.settings.address()
            async with session.post(address, data=body, headers=headers, allow_redirects=False) as answer:
                if answer.status < 300:
                    return None, False
                return f"HTTP {answer.status}", answer.status >= 500 or answer.status in AGAIN
        except (ClientError, OSError, TimeoutError, ValueError) as error:
            return type(error).__name__, True

    def _headers(self, body: bytes, delivery: str) -> dict[str, str]:
        headers = {"Content-Type": "application/json", DELIVERY: delivery}
        key = self.settings.key()
        if key is None:
            return headers
        timestamp = str(int(self.clock().timestamp()))
        return {**headers, TIMESTAMP: timestamp, SIGNATURE: signature(key, timestamp, body)}


def message(lead_model: Object, event: Event, now: datetime) -> bytes:
    """Return the JSON of an event. In `text`, signs that Slack reads as commands are escaped: no message can mention a channel."""
    metadata = lead_model["metadata"]
    sentence = f"{metadata['namespace']}/{metadata['name']}: {event.reason}: {event.message}"
    text = sentence.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    document = {
        "text": text,
        "id": uuid4().hex,
        "time": now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "namespace": metadata["namespace"],
        "leadmodel": metadata["name"],
        "reason": event.reason,
        "type": str(event.type),
        "message": event.message,
    }
    return json.dumps(document).encode()


def signature(key: bytes, timestamp: str, body: bytes) -> str:
    """Return `v1=` and the HMAC-SHA256, in hexadecimal digits, of the timestamp, a full stop and the body."""
    signed = timestamp.encode() + b"." + body
    return "v1=" + hmac.new(key, signed, hashlib.sha256).hexdigest()
