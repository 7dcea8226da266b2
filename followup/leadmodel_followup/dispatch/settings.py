"""The times by which the dispatcher works; each follows from the longest time that a provider may take."""

from dataclasses import dataclass

from leadmodel_followup.planning.spec import HOUR_MS


@dataclass(frozen=True)
class DispatchSettings:
    """Times in milliseconds.

    Attributes:
        batch: Follow-ups per tick.
        claim_ms: For this long nobody else takes a claimed follow-up; one whose message could not be composed is tried again then.
        start_ms: A message whose attempt was recorded longer ago is not sent, because somebody may have taken it over.
        quiet_ms: After an outcome has failed to come, the provider is left alone for this long, because a request may still be on its
            way. With start and the ten seconds of a provider, a process that was killed holds its message up for less than 30 seconds.
        look_again_ms: Time between two look-ups.
        give_up_ms: An attempt without a trace for this long stays unknown for good.
        reload_ms: Within this time after it is due nobody ends a follow-up whose channel or template a pod does not know, because pods read
            changed settings one after the other.
        resend: What the provider cannot be asked about is sent again after `give_up_ms`, once, at the risk of a second message.
    """

    batch: int = 32
    claim_ms: int = 20_000
    start_ms: int = 2_000
    quiet_ms: int = 16_000
    look_again_ms: int = 60_000
    give_up_ms: int = 24 * HOUR_MS
    reload_ms: int = 300_000
    resend: bool = False

    def look_ms(self, timeout_ms: int) -> int:
        """From the record of an attempt to the first look-up: start, the provider's longest time, quiet."""
        return self.start_ms + timeout_ms + self.quiet_ms

    def stuck_ms(self, timeout_ms: int) -> int:
        """From taking a follow-up to where its sender counts as stuck: start, the provider's longest time, half of quiet."""
        return self.look_ms(timeout_ms) - self.quiet_ms // 2

    def leave_ms(self, timeout_ms: int) -> int:
        """From taking a follow-up to where its process ends at the latest: a quarter of quiet before anybody looks the message up.

        What a sender that is stuck still sent would come after an answer that there is no message, and so would be a second one.
        """
        return self.look_ms(timeout_ms) - self.quiet_ms // 4
