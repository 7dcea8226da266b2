"""Answers of pods, drift windows and reports of follow-ups: asked for when due, and kept until a pass that used them ends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from leadmodel_messages.followups_report import FollowUpsReport
from leadmodel_messages.window import Window
from leadmodel_operator.kubernetes.observe.scrape import Scraper
from leadmodel_operator.kubernetes.render.names import Object
from leadmodel_operator.planning.scraping import scrape_is_due
from leadmodel_operator.reconcile import Key

T = TypeVar("T")
STALE = timedelta(seconds=10)  # a pass that failed is made again within this time, over the same windows


@dataclass
class _Kept(Generic[T]):
    """Answers of one kind per LeadModel."""

    asked_at: dict[Key, datetime] = field(default_factory=dict)
    answers: dict[Key, dict[str, T]] = field(default_factory=dict)

    async def ask(
        self, key: Key, interval: float, now: datetime, question: Callable[[], Awaitable[dict[str, T]]]
    ) -> dict[str, T] | None:
        """Return the answers by pod name; None when no question is due. `interval` is in seconds."""
        asked_at = self.asked_at.get(key)
        if key in self.answers and asked_at is not None and now - asked_at < STALE:
            return self.answers[key]
        if not scrape_is_due(asked_at, interval, now):
            return None
        answers = await question()
        self.asked_at[key], self.answers[key] = now, answers
        return answers

    def forget(self, key: Key) -> None:
        """Drop everything of a LeadModel that is gone."""
        self.asked_at.pop(key, None)
        self.answers.pop(key, None)


@dataclass
class WindowCache:
    """Answers of pods per LeadModel. `scrapes` False: pods are never asked."""

    scraper: Scraper
    scrapes: bool = True
    _windows: _Kept[Window] = field(default_factory=_Kept)
    _reports: _Kept[FollowUpsReport] = field(default_factory=_Kept)

    async def windows(
        self, key: Key, pods: list[Object], *, since: datetime | None, interval: float, now: datetime
    ) -> dict[str, Window] | None:
        """Return windows by pod name, of pods that answered; None when no scrape is due.

        `interval` is in seconds; `since` asks for the leads from that instant on as well.
        """

        async def question() -> dict[str, Window]:
            return await self.scraper.windows(pods, since.timestamp() if since else None) if pods else {}

        return await self._windows.ask(key, interval, now, question) if self.scrapes else None

    async def reports(
        self, key: Key, pods: list[Object], *, interval: float, now: datetime
    ) -> dict[str, FollowUpsReport] | None:
        """Return what pods report of follow-ups by pod name, of pods that answered; None when no question is due."""

        async def question() -> dict[str, FollowUpsReport]:
            return await self.scraper.reports(pods) if pods else {}

        return await self._reports.ask(key, interval, now, question) if self.scrapes else None

    def settle(self, key: Key) -> None:
        """Drop the answers a whole pass has used."""
        self._windows.answers.pop(key, None)
        self._reports.answers.pop(key, None)

    def forget(self, key: Key) -> None:
        """Drop everything about a LeadModel that is gone."""
        self._windows.forget(key)
        self._reports.forget(key)
