"""`leadmodel local replay` from arguments to output: one line per day, and a picture if asked for."""

import argparse
import asyncio
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from leadmodel_local.replay.instant import at
from leadmodel_local.replay.leads import load
from leadmodel_local.replay.nights import Progress, duration
from leadmodel_local.replay.simulation import Day, Replay
from leadmodel_local.state import manifests
from leadmodel_local.state.manifests import Manifest, ManifestError
from leadmodel_messages.uris import local_path
from leadmodel_operator.planning.planned import Event, EventType
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.formats import DURATION
from leadmodel_operator.resource.spec import Spec

QUIET = {"Serving"}  # events that say nothing about a policy
COUNTED = {
    "Promoted": "promoted",
    "GateFailed": "refused",
    "DriftBreaching": "breaches",
    "DriftSustained": "alerts",
    "RolledBack": "rollbacks",
}
LIMITS = (
    "A rehearsal knows each outcome as the file has it, also those that came later; Jobs and rollouts take no time, and no pod is "
    "ever lost."
)


# What else a manifest may ask for, and what is rehearsed of it.
UNPLAYED = {
    "enrichment": "spec.enrichment is not rehearsed: no text model is measured, swapped or watched. A lead model that reads texts reads them "
    "with the text models inside its artifact; a night's training with `features: Offer` reads the text model that lies at its source today.",
    "follow_ups": "spec.followUps is not rehearsed: nobody is written to.",
    "pii_backfill": "spec.piiBackfill is not rehearsed: no message is redacted.",
}


def add_options(replay: argparse.ArgumentParser) -> None:
    """Add the options of the replay to its parser."""
    replay.add_argument(
        "--leads", type=Path, required=True, help="past leads with times and outcomes, CSV or JSON lines"
    )
    replay.add_argument(
        "-f", "--file", type=Path, required=True, help="the manifest whose policy is rehearsed"
    )
    replay.add_argument("--time-column", default="created_at", help="when a lead came in (created_at)")
    replay.add_argument("--label", help="the column that says whether it converted (the manifest's, or y)")
    replay.add_argument(
        "--warm-up",
        type=int,
        metavar="DAYS",
        help="days of leads before the first training (a third, at most 28)",
    )
    replay.add_argument(
        "--look",
        default="30m",
        metavar="DURATION",
        help="how often predictors are asked while nothing breaches (30m)",
    )
    replay.add_argument("--plot", type=local_path, metavar="FILE", help="also draw it, as .svg or .png")


def main(options: argparse.Namespace) -> int:
    """Replay leads and print each day. Returns 0, whatever the days showed. Raises ValueError with a sentence."""
    manifest, spec = _manifest(options.file)
    label = options.label or spec.label
    if options.plot is not None and options.plot.suffix not in {".svg", ".png"}:
        raise ValueError(f"--plot takes a file that ends in .svg or .png, not {options.plot.name!r}")
    interval_s = Duration(options.look).seconds if re.fullmatch(DURATION, options.look) else 0.0
    if interval_s < 1:
        raise ValueError(f"--look takes a duration of at least 1s such as 30m, not {options.look!r}")
    retraining = spec.retraining
    past = load(
        options.leads,
        label,
        options.time_column,
        numeric=retraining.numeric if retraining else (),
        categorical=retraining.categorical if retraining else (),
        positive=retraining.positive if retraining else None,
    )
    print(
        f"{len(past.rows):,} leads from {at(past.times[0]):%Y-%m-%d} to {at(past.times[-1]):%Y-%m-%d}. {LIMITS}",
        file=sys.stderr,
    )
    for name, says in UNPLAYED.items():
        if getattr(spec, name) is not None:
            _tell(says)
    with tempfile.TemporaryDirectory(prefix="leadmodel-replay-") as folder:
        replay = Replay(
            past,
            spec,
            manifest.key,
            Path(folder),
            lambda day: _played(day, progress),
            interval_s,
            options.warm_up,
            options.time_column,
        )
        progress = Progress(replay.costs(), time.monotonic, _tell)
        _tell(_estimate(replay, progress))
        print(head(), flush=True)
        days = asyncio.run(replay.run())
    print(summary(days))
    if options.plot is not None:
        from leadmodel_local.replay.plot import draw

        draw(days, spec, manifest.key.name, options.plot)
        print(f"drawn: {options.plot}", file=sys.stderr)
    return 0


def _manifest(path: Path) -> tuple[Manifest, Spec]:
    models = manifests.read([path])
    if len(models) != 1:
        raise ManifestError(f"{path} holds {len(models)} LeadModels; a rehearsal plays one")
    return models[0], manifests.check(models[0].spec)


def head() -> str:
    """Return the header of the table."""
    return f"{'DAY':<12}{'LEADS':>7}  {'CHAMPION':<14}{'AUC':<8}{'PSI':>6}  {'IN':<14}{'PREVIOUS':<10}WHAT HAPPENED"


def lines(day: Day) -> list[str]:
    """Write a day: one line of figures, and one line per event."""
    happened = [f"{at(when):%H:%M} {event.reason}: {event.message}" for when, event in _notable(day)]
    figures = (
        f"{at(day.begin):%Y-%m-%d}  {day.leads:>7,}  {short(day.champion) if day.champion else '-':<14}{_number(day.auc, 4):<8}"
        f"{_number(day.psi, 2):>6}  {day.feature[:12]:<14}{_number(day.previous_psi, 2):<10}"
    )
    return [
        figures + (happened[0] if happened else ""),
        *(" " * len(figures) + text for text in happened[1:]),
    ]


def _notable(day: Day) -> list[tuple[float, Event]]:
    """Leave out quiet events, and a passed gate that the promotion of the same model repeats."""
    promoted = {event.message.split()[0] for _, event in day.events if event.reason == "Promoted"}
    return [
        (when, event)
        for when, event in day.events
        if event.reason not in QUIET
        and not (event.reason == "GatePassed" and event.message.split(":")[0] in promoted)
    ]


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _estimate(replay: Replay, progress: Progress) -> str:
    """What is to be played, before it begins."""
    skipped = replay.skipped()
    nights = f"; {skipped} nights at the beginning have too few outcomes and train nothing" if skipped else ""
    return f"{len(progress.costs)} days to play{nights}: about {duration(progress.expected())} on two idle cores."


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _played(day: Day, progress: Progress) -> None:
    _print_day(day)
    progress.next_day()


def _print_day(day: Day) -> None:
    print("\n".join(line.rstrip() for line in lines(day)), flush=True)


def summary(days: Sequence[Day]) -> str:
    """Write one line about all days."""
    events: list[Event] = [event for day in days for _, event in day.events]
    counts = Counter(str(event.reason) for event in events)
    counted = ", ".join(f"{counts[reason]} {word}" for reason, word in COUNTED.items())
    warned = sum(event.type is EventType.WARNING for event in events)
    leads, refused = sum(day.leads for day in days), sum(day.refused for day in days)
    return f"{len(days)} days, {leads:,} leads ({refused} could not be scored): {counted}; {warned} warnings in all."
