"""When a runtime asks predictors for their drift windows, and how a runtime reads the answers. Every runtime uses the same rules."""

import json
from datetime import datetime, timedelta

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_messages.followups_report import FollowUpsReport
from leadmodel_messages.followups_report import parse as parse_report
from leadmodel_messages.window import Window
from leadmodel_messages.window_document import parse
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.status import Status

TIMEOUT_S = 2.0  # for one predictor
WINDOW_LIMIT = 512 * 1024  # bytes of one window: three models of a hundred categories with fifty levels
REPORT_LIMIT = 64 * 1024  # bytes of one report of follow-ups
REPORT_TARGET = "/ops/followups"
ASKING_S = 30.0  # longest time between two readings while the pods are asked about a candidate
INTERVAL_FACTOR = 0.9  # timers are not exact: a pass that comes a little early still counts


def window_target(since: float | None) -> str:
    """Build the request target of a drift window; `since` is the beginning of a breach in Unix seconds."""
    return "/ops/drift-window" + (f"?since={since:.3f}" if since is not None else "")


def read_window(raw: bytes | None) -> Window | None:
    """Parse the body of an answer; None when there is no body or the body is no window."""
    if raw is None:
        return None
    try:
        return parse(json.loads(raw))
    except (ValueError, LayoutError, RecursionError):
        return None


def read_report(raw: bytes | None) -> FollowUpsReport | None:
    """Parse the body of an answer; None when there is no body or the body is no report of follow-ups."""
    if raw is None:
        return None
    try:
        return parse_report(json.loads(raw))
    except (ValueError, LayoutError, RecursionError):
        return None


def window_interval(spec: Spec, status: Status | None) -> float:
    """Seconds between two readings of the drift windows: drift.interval, less while the pods are asked about a candidate."""
    challenger = status.challenger if status is not None else None
    asks = challenger is not None and challenger.until is None
    return min(spec.drift.interval.seconds, ASKING_S) if asks else spec.drift.interval.seconds


def scrape_is_due(last: datetime | None, interval: float, now: datetime) -> bool:
    """Whether predictors are asked again, `interval` seconds after the last time."""
    return last is None or now - last >= timedelta(seconds=interval * INTERVAL_FACTOR)
