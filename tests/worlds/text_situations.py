"""Situations of the small world with text models, and short questions about it."""

from __future__ import annotations

from typing import Any

from leadmodel_operator.resource.spec_enrichment import TextSource
from leadmodel_operator.resource.status_enrichment import EnrichmentStatus
from leadmodel_operator.resource.vocabulary import ConditionType, EventReason
from worlds.leader import Leader
from worlds.names import digest, letter_of
from worlds.situations import serving
from worlds.texts import TEXT_URI, TextTruth, enrichment
from worlds.world import World


def with_text(truth: TextTruth | None = None, **changes: Any) -> tuple[World, Leader]:
    """Make a world in which A serves leads, and the text model `a` was uploaded, judged and loaded by both pods."""
    world, leader = serving(live=True)
    world.texts.upload("a", truth)
    world.edit(enrichment=enrichment(**changes))
    for _ in range(4):
        leader.step(0.05)
    return world, leader


def upload_text(world: World, leader: Leader, letter: str, truth: TextTruth | None = None) -> None:
    """Upload a text model and let an hour pass, after which the source is looked at."""
    world.texts.upload(letter, truth)
    for hours in (1.1, 0.05, 0.05):
        leader.step(hours)


def pin_text(world: World, letter: str | None) -> None:
    """Pin a text model, or let go of the pin."""
    assert world.spec is not None
    assert world.spec.enrichment is not None
    source = TextSource(uri=TEXT_URI, digest=letter and digest(letter))
    world.edit(enrichment=enrichment(artifact=source))


def texts(world: World) -> EnrichmentStatus:
    """Give the text models in status."""
    assert world.status is not None
    assert world.status.enrichment is not None
    return world.status.enrichment


def text_letters(world: World) -> tuple[str | None, str | None, list[str | None]]:
    """Give the letters of the text model in status, of what lies where predictors look, and of what each pod answers with."""

    def letter(digest_: str | None) -> str | None:
        return None if digest_ is None else letter_of(digest_)

    return letter(texts(world).digest), letter(world.texts.served), [letter(p.text) for p in world.pods]


def healthy(world: World) -> str:
    """Give the status and the reason of EnrichmentHealthy."""
    assert world.status is not None
    found = next(c for c in world.status.conditions if c.type is ConditionType.ENRICHMENT_HEALTHY)
    return f"{found.status} {found.reason}"


def count(world: World, reason: EventReason) -> int:
    """Count the events with a reason."""
    return sum(event.reason is reason for event in world.events)
