"""How to log in to Azure Blob Storage."""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import urlsplit

from leadmodel_store.login import CHECK, NOTHING, Login, Way, filled
from leadmodel_store.variables import SettingError, Variables

EMULATOR = {  # public: every emulator has them
    "account": "devstoreaccount1",
    "key": "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==",
    "endpoint": "http://127.0.0.1:10000/devstoreaccount1",
}
_CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING"
_NOBODY = "name a Secret with AZURE_STORAGE_CONNECTION_STRING, or give the pod an identity"


def login(variables: Variables) -> Login:
    """Choose the login for a storage account. Raises SettingError."""
    given = _connection_string(variables)
    if variables.flag("AZURE_STORAGE_USE_EMULATOR"):
        given = EMULATOR | given
    account = given.get("account") or variables.word("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT")
    endpoint = given.get("endpoint") or variables.url("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT")
    if not account:
        raise SettingError(f"{NOTHING}, AZURE_STORAGE_ACCOUNT_NAME is absent; {_NOBODY}")
    place = filled(account_name=account, endpoint=endpoint.rstrip("/"))
    plain = variables.flag("AZURE_ALLOW_HTTP") or endpoint.startswith("http://")
    return Login(_way(variables, given), place, variables.certificate("SSL_CERT_FILE"), plain)


def _way(variables: Variables, given: Mapping[str, str]) -> Way:
    if variables.flag("AZURE_SKIP_SIGNATURE"):
        return Way(
            "no login (AZURE_SKIP_SIGNATURE)", {"skip_signature": "true"}, "the container is not public"
        )
    if token := variables.word("AZURE_STORAGE_TOKEN"):
        return Way("the token of AZURE_STORAGE_TOKEN", {"token": token})
    names = ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_KEY", "AZURE_STORAGE_ACCESS_KEY")
    if key := given.get("key") or variables.word(*names):
        return Way("the account key", {"account_key": _base64(key)})
    if sas := given.get("sas") or variables.word("AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY"):
        settings = {"sas_key": sas.removeprefix("?")}
        return Way("the shared access signature", settings, f"{CHECK}: the signature's rights and its end")
    return _identity(variables)


def _identity(variables: Variables) -> Way:
    client = variables.word("AZURE_CLIENT_ID", "AZURE_STORAGE_CLIENT_ID")
    tenant = variables.word("AZURE_TENANT_ID", "AZURE_STORAGE_TENANT_ID")
    secret = variables.word("AZURE_CLIENT_SECRET", "AZURE_STORAGE_CLIENT_SECRET")
    host = variables.url("AZURE_AUTHORITY_HOST").rstrip("/")
    base = filled(client_id=client, tenant_id=tenant, authority_host=host)
    if client and tenant and secret:
        return Way("the client secret", base | {"client_secret": secret}, asks=True)
    if client and tenant and variables.word("AZURE_FEDERATED_TOKEN_FILE"):
        settings = base | {"federated_token_file": variables.file("AZURE_FEDERATED_TOKEN_FILE")}
        remedy = "check the federated credential of the service account"
        return Way("the workload identity", settings, remedy, asks=True)
    settings = filled(
        client_id=client,
        object_id=variables.word("AZURE_OBJECT_ID"),
        msi_resource_id=variables.word("AZURE_MSI_RESOURCE_ID"),
        msi_endpoint=variables.url("AZURE_MSI_ENDPOINT", "AZURE_IDENTITY_ENDPOINT"),
    )
    return Way("the machine's identity", settings, _NOBODY, asks=True, assumed=True)


def _connection_string(variables: Variables) -> dict[str, str]:
    """Account, key, signature and endpoint of a connection string, as the portal shows one."""
    parts = [part.partition("=") for part in variables.word(_CONNECTION_STRING).split(";") if part.strip()]
    fields = {field.strip().lower(): value.strip() for field, _, value in parts}
    if not fields:
        return {}
    if fields.get("usedevelopmentstorage", "").lower() == "true":
        return EMULATOR
    endpoint = fields.get("blobendpoint", "")
    account = fields.get("accountname", "") or _account_of(endpoint)
    if not account:
        raise SettingError(f"{_CONNECTION_STRING} names neither AccountName nor BlobEndpoint")
    if not endpoint and "endpointsuffix" in fields:
        scheme = fields.get("defaultendpointsprotocol", "https")
        endpoint = f"{scheme}://{account}.blob.{fields['endpointsuffix']}"
    key, sas = fields.get("accountkey", ""), fields.get("sharedaccesssignature", "")
    return filled(account=account, key=key, sas=sas, endpoint=endpoint)


def _account_of(endpoint: str) -> str:
    """The account that an endpoint names: in its path, as emulators have it, else in its host."""
    parts = urlsplit(endpoint)
    return parts.path.strip("/") or parts.netloc.partition(".")[0]


def _base64(key: str) -> str:
    try:
        base64.b64decode(key, validate=True)
    except binascii.Error:
        raise SettingError("the account key is no base64; copy the whole key") from None
    return key
