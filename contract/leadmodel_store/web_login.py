"""How a program logs in to an `https://` source: a bearer token, or user and password, from the variables of the source."""

import base64
from collections.abc import Mapping
from urllib.parse import urlsplit

from leadmodel_messages.credentials import WEB_LOGIN
from leadmodel_store.variables import SettingError, Variables

TOKEN, USER, PASSWORD = WEB_LOGIN


def authorization(uri: str, environ: Mapping[str, str]) -> str:
    """Return the header Authorization for a source; nothing where no variable of a login is filled in.

    Raises:
        SettingError: for half a login, for a character that no header takes, and for an http:// source, where everybody on the way
            would read the secret.
    """
    variables = Variables(environ)
    token, user = variables.word(TOKEN), variables.text(USER)
    password = variables.text(PASSWORD)
    if not token and not user and not password:
        return ""
    if urlsplit(uri).scheme != "https":
        raise SettingError(f"{variables.named(TOKEN, USER, PASSWORD)} is sent to https:// only")
    if token:
        return f"Bearer {token}"
    if not user or not password:
        raise SettingError(f"{USER} and {PASSWORD} are needed together")
    if ":" in user:
        raise SettingError(f"{USER} must not hold a colon")
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def origin(uri: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port of a URI: a redirect to another origin gets no login."""
    parts = urlsplit(uri)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
