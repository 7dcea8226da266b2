"""When Kubernetes starts the runs of a CronJob. Pure."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from leadmodel_operator.resource.schedules import numbers


def next_run(schedule: str, since: datetime, zone: ZoneInfo) -> datetime:
    """Return when Kubernetes starts the next run after an instant.

    Kubernetes skips a run at a local time that daylight saving leaves out. Times are therefore counted as a wall clock shows them, and
    those that no clock of the zone shows are passed over.

    Raises:
        ValueError: The schedule is outside the grammar or has no next run.
    """
    try:
        for local in CronSim(numbers(schedule), since.astimezone(zone).replace(tzinfo=None)):
            run = local.replace(tzinfo=zone).astimezone(UTC)
            if run > since and run.astimezone(zone).replace(tzinfo=None) == local:
                return run
    except CronSimError:
        pass
    raise ValueError("must name times that come, such as 0 1 * * *")
