"""Applies the events of the stream to the ledger. Any number of pods may do so at once, and each may be killed anywhere."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import redis

from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_followup.ledger.events import STOPS, Event, Kind, News
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.planning.spec import DAY_MS

_LOG = logging.getLogger(__name__)
_GROUP = "apply"
_MOST = 1000  # what other plans applied, per tick; events that are kept aside
_ASIDE_MS = 8 * DAY_MS
Entry = tuple[bytes, dict[bytes, bytes] | None]


@dataclass
class Events:
    """Consumer of the stream of one tenant.

    An entry leaves the stream after its event was applied. One that was taken and not applied, because its taker was killed, is taken
    again after `lease_ms`; that an event is applied twice changes nothing. All pods are one consumer of one group, so that none that is gone
    has to be cleared away.

    An event that the ledger refuses is tried again after the same time. What stops messages is tried for ever, and takes up at most half of a
    batch; any other is set aside in the end.

    Attributes:
        client: The server of the ledger.
        ledger: The tenant's ledger.
        news: Told what was new: first events of follow-ups of the ledger's plan, for delivery metrics, whichever plan of the tenant
            applied them. A kill loses counts, never state.
        batch: Events per tick.
        lease_ms: For this long nobody else takes a taken entry.
        skipped: Counts, by channel and reason, an event that was set aside (`refused`), and each refusal of one that stays (`stop-refused`).
        tries: An event that the ledger refused this often is set aside; tries that failed because the server was away do not count.
    """

    client: "redis.Redis"
    ledger: Ledger
    news: Callable[[Iterable[News]], None]
    batch: int = 64
    lease_ms: int = 30_000
    skipped: Callable[[str, str], None] = lambda _channel, _reason: None
    tries: int = 5
    _cursor: Any = field(default="0-0", init=False, repr=False)  # where to look on for what was not applied

    @property
    def stream(self) -> str:
        """The key of the stream."""
        return f"fu:{{{self.ledger.tenant}}}:ev"

    @property
    def aside(self) -> str:
        """The key of the stream of events that were set aside."""
        return f"fu:{{{self.ledger.tenant}}}:aside"

    @property
    def refusals(self) -> str:
        """The key of the hash of how often the ledger refused an entry that is in the stream."""
        return f"fu:{{{self.ledger.tenant}}}:refused"

    def tick(self) -> int:
        """Apply one batch of events, of all plans of the tenant. Returns how many left the stream; 0 where none waits.

        Raises:
            LedgerUnavailable: The server cannot be reached; what was not applied is taken again.
        """
        try:
            applied = self._apply(self._take())
            self._count_news()
        except redis.RedisError as error:
            raise LedgerUnavailable(f"events: {type(error).__name__}") from None
        return applied

    def _count_news(self) -> None:
        """Count what other plans applied of this one's follow-ups."""
        entries: Any = self.client.lpop(f"{self.ledger.plan_key}:news", _MOST) or []
        rows = (one.decode().split(" ") for one in entries)
        if entries:
            self.news([News(channel, step, Kind(kind)) for channel, step, kind in rows])

    def _take(self) -> list[Entry]:
        """New entries, and those that somebody took and did not apply."""
        try:
            return self._read()
        except redis.ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            self._make_group()
            return self._read()

    def _read(self) -> list[Entry]:
        left: Any = self.client.xautoclaim(
            self.stream, _GROUP, _GROUP, self.lease_ms, start_id=self._cursor, count=max(1, self.batch // 2)
        )
        self._cursor = left[0]
        entries: list[Entry] = list(left[1])
        if len(entries) < self.batch:
            new: Any = self.client.xreadgroup(
                _GROUP, _GROUP, {self.stream: ">"}, count=self.batch - len(entries)
            )
            entries += [entry for _, more in _pairs(new) for entry in more]
        return entries

    def _make_group(self) -> None:
        try:
            self.client.xgroup_create(self.stream, _GROUP, id="0", mkstream=True)
        except redis.ResponseError as error:
            if not str(error).startswith("BUSYGROUP"):
                raise

    def _apply(self, entries: Sequence[Entry]) -> int:
        if not entries:
            return 0
        read = [(name, _event(fields)) for name, fields in entries]
        events = [event for _, event in read if event is not None]
        answers = iter(self.ledger.apply_all(events))
        news: list[News] = []
        done: list[bytes] = []
        for name, event in read:
            answer = next(answers) if event is not None else ()
            if answer is not None:
                done.append(name)
                news += answer
        refused = [(name, event) for name, event in read if event is not None and name not in done]
        self._leave(done)
        self.news(news)
        aside = self._refuse(refused) if refused else []
        self._leave(aside)
        return len(done) + len(aside)

    def _refuse(self, refused: Sequence[tuple[bytes, Event]]) -> list[bytes]:
        """Count refusals, and set aside what was refused too often and stops nothing. Returns the names of these entries."""
        with self.client.pipeline(transaction=True) as pipe:
            for name, _ in refused:
                pipe.hincrby(self.refusals, name.decode(), 1)
            pipe.pexpire(self.refusals, _ASIDE_MS)
            counts = pipe.execute()[: len(refused)]
        aside = []
        for (name, event), count in zip(refused, counts, strict=True):
            if event.kind in STOPS:
                self.skipped(event.channel, "stop-refused")
            elif count >= self.tries:
                self._set_aside(name, event)
                aside.append(name)
        if len(aside) < len(refused):
            _LOG.warning("the ledger refused %d events; they are tried again", len(refused) - len(aside))
        return aside

    def _set_aside(self, name: bytes, event: Event) -> None:
        """Keep an event elsewhere for some days, for people to look at and to bring back."""
        put: Any = self.client.xadd(self.aside, {"e": event.dump()}, maxlen=_MOST)
        now_ms = int(put.split(b"-")[0])
        with self.client.pipeline(transaction=True) as pipe:
            pipe.xtrim(self.aside, minid=str(now_ms - _ASIDE_MS), approximate=False)
            pipe.pexpire(self.aside, _ASIDE_MS)
            pipe.execute()
        _LOG.warning("event %s (%s) is set aside: the ledger refuses it", name.decode(), event.kind)
        self.skipped(event.channel, "refused")

    def _leave(self, names: Sequence[bytes]) -> None:
        if names:
            with self.client.pipeline(transaction=True) as pipe:
                pipe.xack(self.stream, _GROUP, *names)
                pipe.xdel(self.stream, *names)
                pipe.hdel(self.refusals, *(name.decode() for name in names))
                pipe.execute()


def _event(fields: dict[bytes, bytes] | None) -> Event | None:
    if not fields or b"e" not in fields:
        return None
    event, at = Event.load(fields[b"e"].decode()), fields.get(b"at", b"")
    return replace(event, at_ms=int(at)) if event is not None and at.isdigit() else event


def _pairs(answer: Any) -> Iterable[tuple[bytes, list[Entry]]]:
    """Streams with their entries; the two protocols of Redis differ in how they write them."""
    if isinstance(answer, dict):
        return [(name, entries[0] if entries else []) for name, entries in answer.items()]
    return answer or []
