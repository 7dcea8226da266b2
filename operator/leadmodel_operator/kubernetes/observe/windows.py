"""Drift windows of pods: asked for when due, and kept until a pass that used them ends."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from leadmodel_messages.window import Window
from leadmodel_operator.kubernetes.observe.scrape import Scraper
from leadmodel_operator.kubernetes.render.names import Object
from leadmodel_operator.planning.scraping import scrape_is_due
from leadmodel_operator.reconcile import Key

STALE = timedelta(seconds=10)  # a pass that failed is made again within this time, over the same windows


@dataclass
class WindowCache:
    """Answers of pods per LeadModel. `scrapes` False: pods are never asked."""

    scraper: Scraper
    scrapes: bool = True
    _scraped_at: dict[Key, datetime] = field(default_factory=dict)
    _answers: dict[Key, dict[str, Window]] = field(default_factory=dict)

    async def windows(
        self, key: Key, pods: list[Object], *, since: datetime | None, interval: float, now: datetime
    ) -> dict[str, Window] | None:
        """Return windows by pod name, of pods that answered; None when no scrape is due.

        `interval` is in seconds; `since` asks for the leads from that instant on as well.
        """
        scraped_at = self._scraped_at.get(key)
        if key in self._answers and scraped_at is not None and now - scraped_at < STALE:
            return self._answers[key]
        if not self.scrapes or not scrape_is_due(scraped_at, interval, now):
            return None
        answers = await self.scraper.windows(pods, since.timestamp() if since else None) if pods else {}
        self._scraped_at[key], self._answers[key] = now, answers
        return answers

    def settle(self, key: Key) -> None:
        """Drop the answers a whole pass has used."""
        self._answers.pop(key, None)

    def forget(self, key: Key) -> None:
        """Drop everything about a LeadModel that is gone."""
        self._scraped_at.pop(key, None)
        self._answers.pop(key, None)
