"""Azure Blob Storage as Azurite serves it, where that is installed (`python3 tests/support/store_servers.py`)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadmodel_store import azure
from leadmodel_store.store import StoreError, StoreReason, fetch, put
from support.object_stores import free_port, running
from support.store_servers import azurite

AZURITE = azurite()
pytestmark = pytest.mark.skipif(AZURITE is None, reason="azurite-blob is not installed")
URI = "az://leads/conversion/model.json"


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The connection string of a fresh emulator with the container `leads`."""
    port, folder = free_port(), tmp_path_factory.mktemp("azurite")
    command = [
        str(AZURITE),
        "--blobPort",
        str(port),
        "--location",
        str(folder),
        "--silent",
        "--skipApiVersionCheck",
    ]
    with running(command, port) as address:
        endpoint = f"{address}/{azure.EMULATOR['account']}"
        create_container(endpoint, "leads")
        string = f"AccountName={azure.EMULATOR['account']};AccountKey={azure.EMULATOR['key']};BlobEndpoint={endpoint};"
        yield {"AZURE_STORAGE_CONNECTION_STRING": string}


def create_container(endpoint: str, name: str) -> None:
    """Create a container with a request signed by the emulator's public key."""
    import base64
    import hashlib
    import hmac
    import urllib.request
    from email.utils import formatdate

    account, date = azure.EMULATOR["account"], formatdate(usegmt=True)
    stamped = f"x-ms-date:{date}\nx-ms-version:2021-08-06\n/{account}/{account}/{name}\nrestype:container"
    text = "PUT" + "\n" * 12 + stamped
    digest = hmac.new(base64.b64decode(azure.EMULATOR["key"]), text.encode(), hashlib.sha256).digest()
    request = urllib.request.Request(f"{endpoint}/{name}?restype=container", method="PUT", data=b"")
    request.add_header("x-ms-date", date)
    request.add_header("x-ms-version", "2021-08-06")
    request.add_header("Content-Type", "")
    request.add_header("Authorization", f"SharedKey {account}:{base64.b64encode(digest).decode()}")
    urllib.request.urlopen(request, timeout=20).close()


def test_what_was_put_is_got_and_then_has_not_changed(login):
    put(URI, b"model", environ=login)
    first = fetch(URI, max_bytes=100, environ=login)
    assert first.data == b"model"
    assert fetch(URI, max_bytes=100, etag=first.etag, environ=login).not_modified
    with pytest.raises(StoreError, match="at most 3 are taken"):
        fetch(URI, max_bytes=3, environ=login)


@pytest.mark.parametrize(
    ("uri", "change", "reason", "says"),
    [
        ("az://leads/none", ("", ""), StoreReason.NOT_FOUND, "is not there"),
        ("az://nobody/none", ("", ""), StoreReason.NOT_FOUND, "nobody does not exist"),
        (URI, ("AccountKey=Eby8", "AccountKey=Eby9"), StoreReason.FORBIDDEN, "the account key"),
    ],
)
def test_a_refusal_has_a_reason(login, uri, change, reason, says):
    wrong = login["AZURE_STORAGE_CONNECTION_STRING"].replace(*change) if change[0] else None
    environ = {"AZURE_STORAGE_CONNECTION_STRING": wrong} if wrong else login
    with pytest.raises(StoreError, match=says) as caught:
        fetch(uri, max_bytes=100, environ=environ)
    assert caught.value.reason is reason


def test_a_file_of_this_machine_is_not_touched():
    assert not Path("az:").exists()
