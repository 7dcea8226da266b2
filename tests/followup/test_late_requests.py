"""A request that is still on its way when its sender gave up or died: the message is not sent again before it must have arrived."""

from dataclasses import replace

import pytest

from followup.test_dispatch import Desk
from leadmodel_followup.channels.console import Console
from leadmodel_followup.channels.outcomes import Absent, Present, Unknown

TIMEOUT_MS, STEP_MS = 10_000, 500
LATEST_MS = 25_000  # after the attempt began: the provider's own time comes after that of the request


class Killed(BaseException):
    """The end of a process."""


class Late(Console):
    """A provider that has a message only some time after its sender heard nothing, and that answers truly what it has."""

    timeout_ms = TIMEOUT_MS

    def __init__(self, clock, *, killed):
        self.clock, self.killed, self.arrivals = clock, killed, []

    def send(self, message):
        self.arrivals.append(self.clock.now + LATEST_MS)
        if self.killed:
            raise Killed
        self.clock.now += TIMEOUT_MS
        return Unknown("timeout")

    def look_up(self, message, since_ms):
        return Present("p") if any(at <= self.clock.now for at in self.arrivals) else Absent()


def sent_over_two_minutes(ledger, clock, hasher, *, killed, **times):
    """How many messages the provider has in the end, and the state."""
    provider = Late(clock, killed=killed)
    desk = Desk(ledger, clock, hasher, provider)
    for one in (desk.dispatcher, desk.reconciler):
        one.settings = replace(one.settings, **times)
    desk.add()
    end = clock.now + 120_000
    while clock.now < end:
        try:
            desk.dispatcher.tick()
        except Killed:
            provider.killed = False  # whoever goes on lives
        desk.reconciler.tick()
        clock.now += STEP_MS
    return len(provider.arrivals), desk.state()


ENDS = pytest.mark.parametrize("killed", [True, False], ids=["killed", "timed out"])


@ENDS
def test_a_request_that_arrives_late_is_found_and_not_repeated(ledger, clock, hasher, killed):
    assert sent_over_two_minutes(ledger, clock, hasher, killed=killed) == (1, "sent")


@ENDS
def test_control_without_the_quiet_time_the_message_leaves_twice(ledger, clock, hasher, killed):
    doubled, _ = sent_over_two_minutes(ledger, clock, hasher, killed=killed, quiet_ms=0)
    assert doubled > 1
