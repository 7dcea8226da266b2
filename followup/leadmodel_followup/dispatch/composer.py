"""Makes the message of a follow-up in the moment of sending: the step's template with what the contact book has of the person."""

from collections.abc import Callable
from dataclasses import dataclass

from leadmodel_followup.channels.channel import Message
from leadmodel_followup.contacts.book import Contact, ContactBook
from leadmodel_followup.ledger.records import FollowUp
from leadmodel_followup.settings.settings import ChannelSettings, Settings
from leadmodel_followup.templates.fields import Fields
from leadmodel_followup.templates.templates import Templates, kind_of

Unsubscribe = Callable[[FollowUp, str], str]  # with the address


def no_page(_: FollowUp, __: str) -> str:
    """Stand for the page to unsubscribe where there is no public URL."""
    return ""


@dataclass(frozen=True)
class Composer:
    """Composes messages for one plan.

    Attributes:
        settings: The plan.
        book: Names and addresses.
        templates: Gives the templates as they are now.
        unsubscribe: The URL that ends all messages to the person.
    """

    settings: Settings
    book: ContactBook
    templates: Callable[[], Templates]
    unsubscribe: Unsubscribe = no_page

    def __call__(self, follow_up: FollowUp) -> Message | None:
        """The message of a follow-up; None where the person, the address, the channel or the step is gone.

        Raises:
            LedgerUnavailable: The contact book cannot be read.
            NotRendered: The template is absent, or its text is beyond the limits of the channel.
        """
        contact = self.book.read(follow_up.contact)
        template = self._template(follow_up.step)
        channel = self.settings.channels.get(follow_up.channel)
        address = contact.addresses.get(follow_up.channel) if contact else None
        if contact is None or address is None or template is None or channel is None:
            return None
        fields = self._fields(follow_up, contact, channel, self.unsubscribe(follow_up, address))
        texts = self.templates().render(template, contact.language, kind_of(channel), fields)
        return Message(
            reference=follow_up.id,
            address=address,
            body=texts.body,
            subject=texts.subject,
            html=texts.html,
            unsubscribe=fields.unsubscribe,
            template=texts.provider_template,
            zone=contact.zone,
            source=texts.template,
        )

    def _template(self, step: str) -> str | None:
        steps = (one for band in self.settings.spec.bands for one in band.steps)
        return next((one.template for one in steps if one.name == step), None)

    def _fields(self, follow_up: FollowUp, contact: Contact, channel: ChannelSettings, page: str) -> Fields:
        return Fields(
            name=contact.name,
            company=contact.company,
            language=contact.language,
            lead=follow_up.lead,
            unsubscribe=page,
            sender=channel.sender or "",
            links=self.settings.links,
            footer=self.settings.footer,
        )
