"""How to log in to Google Cloud Storage."""

import json
from pathlib import Path

from leadmodel_store.login import Login, Way, filled
from leadmodel_store.variables import SettingError, Variables

_KEYS = (
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_PATH",
    "GOOGLE_APPLICATION_CREDENTIALS",
)
_NOBODY = "name a Secret with GOOGLE_SERVICE_ACCOUNT_KEY, or give the pod a service account"


def login(variables: Variables) -> Login:
    """Choose the login for a bucket. Raises SettingError."""
    emulator = variables.word("STORAGE_EMULATOR_HOST")
    if emulator and "://" not in emulator:
        emulator = f"http://{emulator}"
    base = variables.url("GOOGLE_BASE_URL") or emulator
    plain = variables.flag("GOOGLE_ALLOW_HTTP") or base.startswith("http://")
    way = _way(variables, emulated=bool(emulator))
    return Login(way, filled(base_url=base.rstrip("/")), variables.certificate("SSL_CERT_FILE"), plain)


def _way(variables: Variables, *, emulated: bool) -> Way:
    nobody = {"skip_signature": "true"}
    if variables.flag("GOOGLE_SKIP_SIGNATURE"):
        return Way("no login (GOOGLE_SKIP_SIGNATURE)", nobody, "the bucket is not public")
    names = ("GOOGLE_BEARER_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN")
    if token := variables.word(*names):
        return Way(f"the token of {variables.named(*names)}", {"bearer_token": token})
    if variables.text(*_KEYS):
        return _account(variables, variables.named(*_KEYS))
    if emulated:
        return Way("no login (STORAGE_EMULATOR_HOST)", nobody, "check the emulator")
    return Way("the pod's service account", {}, _NOBODY, asks=True, assumed=True)


def _account(variables: Variables, name: str) -> Way:
    """The account whose credentials in JSON are the variable's own text, or in the file which the variable names."""
    text = variables.text(name)
    file = "" if text.startswith("{") else variables.file(name)
    try:
        document = json.loads(Path(file).read_text(encoding="utf-8") if file else text)
        kind = document.get("type", "service_account")
    except (OSError, ValueError, AttributeError):
        raise SettingError(f"{name} holds no credentials in JSON") from None
    means, asks = f"the account of {name}", not document.get("disable_oauth")
    match kind:
        case "service_account":
            settings = {"service_account": file} if file else {"service_account_key": text}
            return Way(means, settings, asks=asks)
        case "authorized_user" if file:
            return Way(means, {"application_credentials": file}, asks=asks)
        case _:
            raise SettingError(f"{name} must hold the key of a service account; for others, give the pod one")
