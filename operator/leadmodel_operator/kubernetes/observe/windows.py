"""When pods are asked for their drift window, and what they said: kept until a pass that used it came to its end."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from leadmodel_messages.window import Window
from leadmodel_operator.kubernetes.observe.scrape import Scraper
from leadmodel_operator.kubernetes.render.names import Object
from leadmodel_operator.planning.scraping import scrape_is_due
from leadmodel_operator.reconcile import Key

STALE = timedelta(seconds=10)


@dataclass
class WindowCache:
    """The answers of pods. `scrapes` False: they are never asked."""

    scraper: Scraper
    scrapes: bool = True
    _asked: dict[Key, datetime] = field(default_factory=dict)
    _held: dict[Key, dict[str, Window]] = field(default_factory=dict)

    async def windows(
        self, key: Key, pods: list[Object], *, since: datetime | None, interval: float, now: datetime
    ) -> dict[str, Window] | None:
        """Windows by pod name; None when it is not time to ask."""
        asked = self._asked.get(key)
        if key in self._held and asked is not None and now - asked < STALE:
            return self._held[key]
        if not self.scrapes or not scrape_is_due(asked, interval, now):
            return None
        found = await self.scraper.windows(pods, since.timestamp() if since else None) if pods else {}
        self._asked[key], self._held[key] = now, found
        return found

    def settle(self, key: Key) -> None:
        """What was said has been used."""
        self._held.pop(key, None)

    def forget(self, key: Key) -> None:
        """The LeadModel is gone."""
        self._asked.pop(key, None)
        self._held.pop(key, None)
