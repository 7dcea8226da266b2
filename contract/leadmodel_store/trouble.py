"""What an error of obstore means: a reason in one word, and a sentence that says what to do.

Errors are told apart by their class and by what their text says of status, code and transport. The text itself is never shown: a text
may hold signed addresses, keys and whatever a server chose to answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from leadmodel_store import causes
from leadmodel_store.login import NOTHING, Way
from leadmodel_store.result import StoreReason

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([A-Za-z]{1,48})</Code>")
_ADDRESS = re.compile(r"Error performing \w+ (\S+)")
_CERTIFICATE = re.compile(r"InvalidCertificate\(\s*(\w+)")
_REGION = re.compile(r"<Region>([a-z0-9-]{1,32})</Region>")
_ARCHIVED = "it lies in an archive; restore it there, and keep it in a class that is read at once"
_FORBIDDEN = {
    "InvalidAccessKeyId": "the store does not know the key of AWS_ACCESS_KEY_ID; check the Secret",
    "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY does not belong to AWS_ACCESS_KEY_ID; check the Secret",
    "ExpiredToken": "the keys have expired; renew the Secret",
    "TokenRefreshRequired": "the keys have expired; renew the Secret",
    "InvalidToken": "the store does not take the token of AWS_SESSION_TOKEN; renew the Secret",
    "RequestTimeTooSkewed": "this machine and the store have different times; set this machine's clock",
    "AuthenticationFailed": "{means} is wrong or has ended, or this machine's clock is wrong; {remedy}",
    "KeyBasedAuthenticationNotPermitted": "the account takes no keys; log in by an identity",
    "InvalidObjectState": _ARCHIVED,
    "BlobArchived": _ARCHIVED,
}
_ELSEWHERE = {"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"}
_NO_BUCKET = {"NoSuchBucket", "ContainerNotFound"}


@dataclass(frozen=True)
class Trouble:
    """The reason and the sentence; with `elsewhere` the bucket lies in another region, which `region` names if the store did."""

    reason: StoreReason
    sentence: str
    elsewhere: bool = False
    region: str = ""


def of(error: BaseException, way: Way, bucket: str, *, verb: str, proxies: Sequence[str] = ()) -> Trouble:
    """Explain an error of obstore.

    Args:
        error: as caught.
        way: who logged in.
        bucket: whose address tells a request for an object from one for credentials.
        verb: what was not done: "read" or "written".
        proxies: variables that name a proxy on the way.
    """
    text = str(error)
    if way.asks and _is_of_login(text, bucket):
        return _of_login(text, way, proxies)
    status, code = _number(text), _code(text)
    if code in _NO_BUCKET:
        return Trouble(StoreReason.NOT_FOUND, f"is not there: {bucket} does not exist")
    if status in {404, 410} or isinstance(error, FileNotFoundError):
        return Trouble(StoreReason.NOT_FOUND, "is not there")
    if code in _ELSEWHERE or "redirect without LOCATION" in text:
        region = _REGION.search(text)
        sentence = "lies in another region; set AWS_REGION to that of the bucket"
        return Trouble(StoreReason.UNREACHABLE, sentence, elsewhere=True, region=region[1] if region else "")
    if code in _FORBIDDEN:
        cause = _FORBIDDEN[code].format(means=way.means, remedy=way.remedy)
        return Trouble(StoreReason.FORBIDDEN, f"may not be {verb}: {cause} ({code})")
    if status in {401, 403} or isinstance(error, PermissionError):
        shown = f"{status or ''} {code}".strip()
        return Trouble(
            StoreReason.FORBIDDEN, f"may not be {verb} by {way.means} ({shown or 'refused'}); {way.remedy}"
        )
    return _of_kind(error, text, proxies)


def _is_of_login(text: str, bucket: str) -> bool:
    """Whether the request that failed asked for credentials, not for the object."""
    address = _ADDRESS.search(text)
    return "token" in text.partition(":")[2][:40].lower() or (
        address is not None and bucket not in address[1]
    )


def _of_login(text: str, way: Way, proxies: Sequence[str]) -> Trouble:
    status = _number(text)
    if way.assumed and (status is None or status < 500):
        return Trouble(StoreReason.FORBIDDEN, f"needs a login, and there is {NOTHING}; {way.remedy}")
    if status is not None and 400 <= status < 500:
        shown = f"{status} {_code(text)}".rstrip()
        return Trouble(
            StoreReason.FORBIDDEN, f"was not asked: {way.means} was refused ({shown}); {way.remedy}"
        )
    cause = causes.answered(status) if status else _transport(text, proxies)
    return Trouble(StoreReason.UNREACHABLE, f"was not asked: what gives {way.means} its keys {cause}")


def _of_kind(error: BaseException, text: str, proxies: Sequence[str]) -> Trouble:
    """Explain an error without an answer of the store, or with one that is no refusal."""
    status = _number(text)
    match type(error).__name__:
        case "ValueError" | "InvalidPathError":
            return Trouble(
                StoreReason.BAD_URI, "has a key that no store takes: an empty part, or . and .. in it"
            )
        case "NotImplementedError" | "NotSupportedError":
            return Trouble(StoreReason.UNREACHABLE, "lies in a store that does not offer this")
        case "FileExistsError" | "AlreadyExistsError" | "PreconditionError":
            return Trouble(
                StoreReason.UNREACHABLE, "was written by somebody else at the same time; try again"
            )
        case "PanicException" | "RustPanic":
            return Trouble(
                StoreReason.FORBIDDEN, "cannot be asked with these settings; check the Secret's values"
            )
        case "TimeoutError":
            return Trouble(StoreReason.UNREACHABLE, causes.LATE)
    if status is not None and 300 <= status < 400:
        return Trouble(StoreReason.UNREACHABLE, f"is sent elsewhere ({status}); check the endpoint")
    if status is not None:
        return Trouble(StoreReason.UNREACHABLE, causes.answered(status, _code(text)))
    return Trouble(StoreReason.UNREACHABLE, _transport(text, proxies))


def _transport(text: str, proxies: Sequence[str]) -> str:
    """Why there is no answer at all."""
    if certificate := _CERTIFICATE.search(text):
        return causes.certificate(certificate[1])
    through = f", and the proxy of {proxies[0]}" if proxies else ""
    patterns = {
        "InvalidMessage": causes.NO_TLS,
        "dns error": causes.NO_HOST + through,
        "ConnectionRefused": causes.REFUSED + through,
        "kind: Timeout": causes.LATE,
        "TimedOut": causes.LATE,
        "Config error": "cannot be asked with these settings; check the Secret's values",
        "builder error": "cannot be asked with these settings; check the Secret's values",
    }
    return next(
        (sentence for pattern, sentence in patterns.items() if pattern in text), causes.BROKE_OFF + through
    )


def _number(text: str) -> int | None:
    status = _STATUS.search(text)
    return int(status[1]) if status else None


def _code(text: str) -> str:
    code = _CODE.search(text)
    return code[1] if code else ""
