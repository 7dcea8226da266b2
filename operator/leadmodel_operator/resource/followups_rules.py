"""The rules of `spec.followUps` that compare fields (CEL): what cannot work is refused at `kubectl apply`, each with its sentence."""

from typing import Any

_PHONE = "'^([+][1-9][0-9]{6,14}|[0-9]{3,8}|[A-Za-z0-9 ]{1,11})$'"
_MAIL = "'^[^@ ]+@[^@ ]+[.][^@ ]+$'"


def _rule(rule: str, message: str) -> dict[str, Any]:
    return {"rule": rule, "message": message}


CHANNEL_RULES = (
    _rule(
        "!(self.provider in ['Twilio', 'SendGrid', 'WhatsApp']) || has(self.secretName)",
        "must name a Secret in secretName with the keys of the provider; only Console and a provider of yours need none",
    ),
    _rule(
        "self.provider != 'Twilio' || has(self.from) != has(self.messagingServiceSid)",
        "Twilio needs either from or messagingServiceSid, and not both of them",
    ),
    _rule(
        f"self.provider != 'Twilio' || !has(self.from) || self.from.matches({_PHONE})",
        "from must be a number such as +4930123456, a short code, or a sender name of at most 11 letters and digits",
    ),
    _rule(
        "!has(self.messagingServiceSid) || self.messagingServiceSid.matches('^MG[0-9a-fA-F]{32}$')",
        "messagingServiceSid must be MG and 32 digits 0-9a-f, as Twilio shows it",
    ),
    _rule(
        f"self.provider != 'SendGrid' || (has(self.from) && self.from.matches({_MAIL}))",
        "SendGrid needs from: the e-mail address of a sender that SendGrid has verified",
    ),
    _rule(
        "self.provider != 'WhatsApp' || has(self.phoneNumberId)",
        "WhatsApp needs phoneNumberId: the id of the number that sends",
    ),
    _rule(
        "!has(self.phoneNumberId) || self.phoneNumberId.matches('^[0-9]{5,20}$')",
        "phoneNumberId must be the id that Meta gives the number: 5 to 20 digits",
    ),
)
HOURS_RULES = (_rule("self.opens < self.closes", "closes must be later than opens on the same day"),)
RESOURCES_RULES = tuple(
    _rule(
        f"!has(self.requests) || !has(self.limits) || !has(self.requests.{name}) || !has(self.limits.{name}) || "
        f"!isQuantity(self.requests.{name}) || !isQuantity(self.limits.{name}) || "
        f"quantity(self.requests.{name}).compareTo(quantity(self.limits.{name})) <= 0",
        f"requests.{name} must be at most limits.{name}: raise the limit or lower the request",
    )
    for name in ("cpu", "memory")
)
FOLLOW_UPS_RULES = (
    _rule(
        "has(self.publicUrl) || self.channels.all(c, c.provider == 'Console')",
        "publicUrl is needed with every provider but Console: webhooks and unsubscribing come in there",
    ),
    _rule(
        "self.bands.all(b, b.steps.all(s, self.channels.exists(c, c.name == s.channel)))",
        "bands: each step must name one of the channels: correct channel, or add one of that name",
    ),
    _rule(
        "self.bands.all(b, b.steps.all(s, self.bands.filter(o, o.steps.exists(t, t.name == s.name)).size() == 1))",
        "bands: each step needs a name of its own, also across bands, for messages are counted by it",
    ),
    _rule(
        "self.bands.all(b, self.bands.filter(o, o.minScore == b.minScore && (has(o.intents) ? o.intents : []) == "
        "(has(b.intents) ? b.intents : [])).size() == 1)",
        "bands: two bands must differ in minScore or intents, or one of them would never be taken",
    ),
    _rule(
        "self.channels.all(c, !(c.provider in ['Twilio', 'WhatsApp']) || c.name in self.quietHours.channels)",
        "quietHours.channels must name every channel of Twilio and WhatsApp: they ring phones at night",
    ),
    _rule(
        "self.caps.all(c, duration(c.window) <= duration(self.retention))",
        "caps: a window must be no longer than retention, for older messages are forgotten by then",
    ),
)
NAME_RULE = _rule(
    "!has(self.spec.followUps) || size(self.metadata.name) <= 32",
    "metadata.name must have at most 32 characters beside spec.followUps, whose plan it names",
)


def add_follow_up_rules(spec: dict[str, Any]) -> None:
    """Add the rules to the schema of the spec, each to the object whose fields it compares."""
    node = spec["properties"]["followUps"]
    places = (
        (node, FOLLOW_UPS_RULES),
        (node["properties"]["channels"]["items"], CHANNEL_RULES),
        (node["properties"]["quietHours"], HOURS_RULES),
        (node["properties"]["worker"]["properties"]["resources"], RESOURCES_RULES),
    )
    for place, rules in places:
        place["x-kubernetes-validations"] = [*place.get("x-kubernetes-validations", []), *rules]
