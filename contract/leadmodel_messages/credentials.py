"""Whose credentials are whose: the environment in which a program reads one source, where a pod holds the Secrets of several.

A platform gives a program the Secret of each source with the source's prefix before every name. The same names without a prefix are
copies for programs of earlier releases; what has no copy under any prefix belongs to the pod itself, such as the identity of its account.
"""

from __future__ import annotations

from enum import StrEnum

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from collections.abc import Mapping


class Source(StrEnum):
    """A source with a Secret of its own, by the prefix of its variables."""

    ARTIFACT = "ARTIFACT_STORE_"
    HOLDOUT = "HOLDOUT_STORE_"
    LEADS = "LEADS_STORE_"
    TEXT_MODEL = "TEXT_MODEL_STORE_"  # where a training of leads reads a text model, and the messages below
    MESSAGES = "MESSAGES_STORE_"


OF_TEXTS = (Source.TEXT_MODEL, Source.MESSAGES)
_OF_LEADS = (Source.ARTIFACT, Source.HOLDOUT, Source.LEADS)
WEB_LOGIN = (
    "HTTP_BEARER_TOKEN",
    "HTTP_USERNAME",
    "HTTP_PASSWORD",
)  # sent as they are to the host of a source
_IDENTITIES = (  # what a platform puts into a pod whose account may log in by itself
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AZURE_FEDERATED_TOKEN_FILE",
)


def environment(source: Source, environ: Mapping[str, str]) -> dict[str, str]:
    """Give the variables that count for one source: those of the pod, and over them those of the source's own Secret.

    A source without a Secret logs in as the pod does. Where the pod has no identity either, the Secret of the artifact counts, else
    that of the holdout, else that of the leads; but its login to a web server does not, which would be shown to another host.
    For texts the Secret of the text model counts before these, else that of the messages; for leads no Secret of texts counts.
    """
    secrets = {of: _of(of, environ) for of in Source}
    copies = {name for secret in secrets.values() for name in secret}
    prefixes = tuple(Source)
    pod = {n: value for n, value in environ.items() if n not in copies and not n.startswith(prefixes)}
    own = secrets[source]
    if not own and not any(name in pod for name in _IDENTITIES):
        others = (*OF_TEXTS, *_OF_LEADS) if source in OF_TEXTS else _OF_LEADS
        other = next((secrets[of] for of in others if secrets[of]), {})
        own = {name: value for name, value in other.items() if name not in WEB_LOGIN}
    return pod | own


def _of(source: Source, environ: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(source): value for name, value in environ.items() if name.startswith(source)}
