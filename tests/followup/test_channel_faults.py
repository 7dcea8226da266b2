"""Dispatchers, the ledger on a real server, and channels to failing providers: none is sent twice, and Twilio loses none."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from leadmodel_followup.channels.outcomes import Absent
from leadmodel_followup.dispatch.dispatcher import Dispatcher, wall_ms
from leadmodel_followup.dispatch.reconciler import Reconciler
from leadmodel_followup.dispatch.settings import DispatchSettings
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import FollowUp
from leadmodel_followup.planning.identity import follow_up_id
from leadmodel_followup.planning.spec import Band, FollowUpSpec, Limit, Limits, Step
from support.provider_channels import channel, message
from support.provider_stub import ProviderStub

pytestmark = pytest.mark.slow
FEW, WORKERS = 60, 4
FAST = Limit(100_000, 100_000)
FAULTS = {
    "take-drop": 0.10,
    "take-cut": 0.05,
    "take-500": 0.05,
    "take-garbage": 0.05,
    "take-late": 0.03,
    "take-twice": 0.05,
    "drop": 0.05,
    "500": 0.05,
    "429": 0.05,
    "redirect": 0.02,
}


class Blind:
    """A channel whose look-up always claims that the provider has nothing: the protection that a control takes out."""

    def __init__(self, channel) -> None:
        self.sender, self.timeout_ms, self.send = channel.sender, channel.timeout_ms, channel.send

    def look_up(self, message, since_ms):
        return Absent()


class Run:
    """Follow-ups of one tenant over one channel, until each has ended or nobody will look any more."""

    def __init__(
        self, server, ledger_name, provider, folder, *, wrap=lambda channel: channel, give_up_ms=86_400_000
    ):
        self.stub = ProviderStub(FAULTS, delay_s=4.5)
        self.provider, self.server, self.tenant = provider, server, ledger_name
        self.channels = {"web": wrap(channel(provider, self.stub.url, folder, 3000))}
        self.spec = FollowUpSpec(
            "plan", (Band("all", 0, (Step("step-1", 0, "web"),)),), caps=(), limits=Limits(FAST, FAST, FAST)
        )
        self.settings = DispatchSettings(4, 10_000, 4000, 6000, 500, give_up_ms)

    def address(self, lead):
        number = int(lead.rpartition("-")[2])
        return f"lead{number}@example.org" if self.provider == "SendGrid" else f"+1212555{number:04}"

    def name(self, number):
        return follow_up_id(self.tenant, f"lead-{number}", "plan", 1, "step-1")

    def compose(self, follow_up):
        return message(self.provider, follow_up.id, self.address(follow_up.lead))

    def go(self, hasher) -> dict[str, str]:
        """Returns the state of each follow-up."""
        with self.server.client() as client:
            ledger = Ledger(client, self.tenant)
            for number in range(FEW):
                lead, contact = f"lead-{number}", hasher.contact(f"person-{number}")
                ledger.consent(contact, "web", hasher.address(self.address(lead)), wall_ms(), "form")
                ledger.create(
                    FollowUp(self.name(number), lead, contact, "web", "step-1", wall_ms()), wall_ms()
                )
            with ThreadPoolExecutor(WORKERS) as pool:
                list(pool.map(self.work, [hasher] * WORKERS))
            self.stub.finish()
            return {name: ledger.read(name)["state"] for name in map(self.name, range(FEW))}

    def work(self, hasher) -> None:
        with self.server.client() as client:
            ledger = Ledger(client, self.tenant)
            dispatcher = Dispatcher(ledger, self.channels, self.compose, hasher, self.spec, self.settings)
            reconciler = Reconciler(ledger, self.channels, self.compose, hasher, self.settings)
            while True:
                done = dispatcher.tick() + reconciler.tick()
                view = ledger.overview()
                if not done and view.waiting == view.open == 0:
                    return


def run(server, hasher, folder, provider, **more):
    made = Run(server, hasher.tenant, provider, folder, **more)
    try:
        states = made.go(hasher)
        return Counter(states.values()), states, made.stub.counts()
    finally:
        made.stub.close()


def test_twilio_with_its_look_up_loses_none_and_doubles_none(server, hasher, tmp_path):
    ends, states, counts = run(server, hasher, tmp_path, "Twilio")
    assert ends == {"sent": FEW}
    assert counts == dict.fromkeys(states, 1)


@pytest.mark.parametrize("provider", ["SendGrid", "WhatsApp"])
def test_others_double_none_and_state_each_that_nobody_knows(server, hasher, tmp_path, provider):
    ends, states, counts = run(server, hasher, tmp_path, provider, give_up_ms=3000)
    assert max(counts.values()) == 1
    assert ends["sent"] + ends["unknown"] == FEW
    assert ends["unknown"] > 0
    assert all(counts[name] or state == "unknown" for name, state in states.items())


def test_control_that_sends_again_without_a_look_up_doubles(server, hasher, tmp_path):
    _, _, counts = run(server, hasher, tmp_path, "Twilio", wrap=Blind)
    assert max(counts.values()) > 1
