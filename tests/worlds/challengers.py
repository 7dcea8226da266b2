"""Where a candidate is put before the pods of the small world, how pods load it, and what they report of it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.window import PairedWindow, ShareWindow, Window
from worlds.programs import Truth
from worlds.windows import LEADS, make_slot

if TYPE_CHECKING:
    from leadmodel_operator.planning.observed import Observed
    from worlds.world import Pod, World


@dataclass
class Place:
    """What lies where pods look for a candidate, and which decision put it there."""

    digest: str | None = None
    weight: int = 0  # share of leads, in per cent
    decision: int = 0
    version: int = 0
    reach: int = 2  # so many pods have the newest content by now
    fenced: bool = True  # a write names the version that was read
    versions: Any = field(default_factory=lambda: itertools.count(1))

    def put(self, digest: str | None, decision: int, weight: int = 0) -> None:
        """Put a candidate with its share there, or none, as the decision of this number says; pods load it later."""
        self.digest, self.decision, self.weight = digest, decision, weight
        self.version = next(self.versions)


def move_challengers(world: World) -> bool:
    """Let pods that have the newest content load what lies there; tell whether one changed."""
    before = [(pod.challenger, pod.weight, pod.challenger_error) for pod in world.pods]
    for pod in [pod for pod in world.pods if pod.ready and pod.takes_challenger][: world.place.reach]:
        _load(world, pod)
    return before != [(pod.challenger, pod.weight, pod.challenger_error) for pod in world.pods]


def _load(world: World, pod: Pod) -> None:
    digest = world.place.digest
    loads = digest is None or world.truth(digest).loads
    pod.challenger, pod.challenger_error = (digest, None) if loads else (None, ErrorWord.SCHEMA_MISMATCH)
    pod.weight = world.place.weight if pod.challenger is not None else 0


def with_challenger(world: World, pod: Pod, window: Window) -> Window:
    """Add what a pod reports of the candidate that it has loaded, on the same leads as its champion."""
    window = replace(window, takes_challenger=pod.takes_challenger, challenger_error=pod.challenger_error)
    if pod.challenger is None:
        return window
    slot = make_slot(pod.challenger, drifts=world.truth(pod.challenger).drifts)
    share = _share(world, pod.challenger, pod.weight) if pod.weight else None
    return replace(window, challenger=replace(slot, paired=PairedWindow(n=LEADS)), share=share)


def _share(world: World, challenger: str, weight: int) -> ShareWindow:
    """What became of the leads of a candidate's share."""
    truth, leads = world.truth(challenger), LEADS * weight // 100
    failed, refused = int(truth.fails * leads), int(truth.refuses * leads)
    answered = leads - failed - refused
    return ShareWindow(
        digest=challenger,
        weight=weight,
        answered=answered,
        failed=failed,
        refused=refused,
        seconds=answered * truth.takes_s,
        champion_answered=LEADS - answered,
        champion_seconds=(LEADS - answered) * Truth.takes_s,
    )


def says(seen: Observed, champion: str, challenger: str) -> str:
    """Tell what the pods that were read say of a candidate: "fits", "unlike", or "nothing" where fewer than half have loaded it."""
    windows = [
        pod.window
        for pod in seen.pods
        if pod.window is not None
        and pod.champion == champion
        and pod.window.challenger is not None
        and pod.window.challenger.digest == challenger
    ]
    ready = sum(pod.ready for pod in seen.pods)
    if not windows or 2 * len(windows) < ready:
        return "nothing"
    slots = [(w.champion, w.challenger) for w in windows]
    ours = any(slot is not None and slot.features["score"].observed[1] == 0 for _, slot in slots)
    theirs = any(slot is not None and slot.features["score"].observed[1] == 0 for slot, _ in slots)
    return "unlike" if ours and not theirs else "fits"
