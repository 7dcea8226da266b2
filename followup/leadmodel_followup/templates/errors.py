"""Why a template or a message is refused. No error holds a text, a name or an address."""


class TemplateRefusedError(ValueError):
    """A source does what no template may do; the message says which, for the author of the template."""


class NotRendered(Exception):  # noqa: N818  # an outcome that callers name
    """There is no message: no template for the channel, a broken one, or a result beyond its limits; `reason` is one word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
