"""Ways to log in to the three clouds, against servers that check what they are shown and give what the cloud's own would give."""

import json
import time
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from leadmodel_store import objects
from leadmodel_store.store import StoreError, StoreReason, fetch
from support.checking_stub import Authority, Request, stub

S3, AZ, GS = "s3://leads/model.json", "az://leads/model.json", "gs://leads/model.json"
KEYS = {
    "AccessKeyId": "GIVEN",
    "SecretAccessKey": "secret",
    "Token": "session",
    "Expiration": "2036-01-01T00:00:00Z",
}
STS = """<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>GIVEN</AccessKeyId>
<SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken><Expiration>2036-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""
BEARER = b'{"access_token": "given", "token_type": "Bearer", "expires_in": 3600}'


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "RETRIES", {**objects.RETRIES, "max_retries": 0})


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def token(tmp_path: Path) -> str:
    """The token of a pod's service account, as a platform mounts it."""
    file = tmp_path / "token"
    file.write_text("of the pod")
    return str(file)


def read(uri: str, **environ: str) -> bytes:
    return fetch(uri, max_bytes=100, environ=environ).data


def signed_by(request: Request, key: str, session: str | None = None) -> None:
    """Give the object to whoever signs with the key and shows the session token."""
    shown = request.headers.get("Authorization", "")
    if f"Credential={key}/" in shown and request.headers.get("x-amz-security-token") == session:
        request.give(b"model")
    else:
        request.refuse(403, "AccessDenied")


def bearer(request: Request) -> None:
    if request.headers.get("Authorization") == "Bearer given":
        request.give(b"model")
    else:
        request.refuse(403, "AccessDenied")


# --- AWS ------------------------------------------------------------------------------------------------------------------


def test_aws_keys_with_a_session_token():
    with stub(lambda request: signed_by(request, "MINE", "session")) as server:
        login = {
            "AWS_ENDPOINT_URL": server.address,
            "AWS_ACCESS_KEY_ID": "MINE",
            "AWS_SECRET_ACCESS_KEY": "x",
        }
        assert read(S3, AWS_SESSION_TOKEN="session", **login) == b"model"
        with pytest.raises(StoreError, match="may not be read by the key of AWS_ACCESS_KEY_ID"):
            read(S3, AWS_SESSION_TOKEN="", **login)


def test_aws_web_identity_of_a_service_account(authority, token):
    """The token is exchanged for keys at the token service, which is asked over TLS only."""

    def sts(request: Request) -> None:
        asked = parse_qs(request.path.partition("?")[2] + "&" + request.body.decode())
        right = asked["RoleArn"] == ["arn:aws:iam::1:role/leads"] and asked["WebIdentityToken"] == [
            "of the pod"
        ]
        request.answer(200, STS.encode()) if right else request.refuse(400, "InvalidIdentityToken")

    login = {"AWS_ROLE_ARN": "arn:aws:iam::1:role/leads", "AWS_WEB_IDENTITY_TOKEN_FILE": token}
    pod = {**login, "AWS_STS_REGIONAL_ENDPOINTS": "regional", "AWS_REGION": "eu-central-1"}
    with (
        stub(sts, authority.sign()) as service,
        stub(lambda request: signed_by(request, "GIVEN", "session")) as server,
    ):
        places = {"AWS_ENDPOINT_URL_S3": server.address, "AWS_ENDPOINT_URL_STS": service.address}
        assert read(S3, AWS_CA_BUNDLE=authority.pem, **pod, **places) == b"model"
        refused = {
            **pod,
            **places,
            "AWS_ROLE_ARN": "arn:aws:iam::1:role/other",
            "AWS_CA_BUNDLE": authority.pem,
        }
        with pytest.raises(
            StoreError, match=r"the role of AWS_ROLE_ARN was refused .400 InvalidIdentityToken.; check"
        ):
            read(S3, **refused)


def test_aws_pod_identity(token):
    """The agent on the machine gives keys to whoever shows the pod's token."""

    def agent(request: Request) -> None:
        if request.headers.get("Authorization") == "of the pod":
            request.answer(200, json.dumps(KEYS).encode())
        else:
            request.answer(401)

    with stub(agent) as service, stub(lambda request: signed_by(request, "GIVEN", "session")) as server:
        login = {
            "AWS_ENDPOINT_URL": server.address,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{service.address}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token,
        }
        assert read(S3, **login) == b"model"
        own = {**login, "AWS_ACCESS_KEY_ID": "MINE", "AWS_SECRET_ACCESS_KEY": "x"}
        with pytest.raises(StoreError, match="by the key of AWS_ACCESS_KEY_ID"):
            read(S3, **own)  # what a person put into a Secret wins
    assert service.requests[0].path == "/v1/credentials"


def test_aws_public_bucket_and_machine_role():
    with stub(lambda request: request.give(b"model")) as server:
        assert read(S3, AWS_SKIP_SIGNATURE="true", AWS_ENDPOINT_URL=server.address) == b"model"
        assert "Authorization" not in server.requests[0].headers
    nobody = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:9", "AWS_ENDPOINT_URL": server.address}
    for login in (nobody, {"AWS_EC2_METADATA_DISABLED": "true"}):
        with pytest.raises(StoreError, match="nothing to log in with; name a Secret") as caught:
            read(S3, **login)
        assert caught.value.reason is StoreReason.FORBIDDEN


def test_aws_role_of_the_machine():
    keys = {"AccessKeyId": "MACHINE", "SecretAccessKey": "s", "Token": "session", "Code": "Success"}
    roles = "/latest/meta-data/iam/security-credentials/"

    def metadata(request: Request) -> None:
        """A session is begun with PUT, and every question shows it."""
        if request.method == "PUT":
            ttl = request.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
            request.answer(200, b"of the session") if ttl else request.answer(400)
        elif request.headers.get("X-aws-ec2-metadata-token") != "of the session":
            request.answer(401)
        elif request.path == roles:
            request.answer(200, b"reader")
        else:
            request.answer(200, json.dumps({**keys, "Expiration": "2099-01-01T00:00:00Z"}).encode())

    with stub(metadata) as service, stub(lambda request: signed_by(request, "MACHINE", "session")) as server:
        place = {"AWS_ENDPOINT_URL": server.address, "AWS_EC2_METADATA_SERVICE_ENDPOINT": service.address}
        assert read(S3, **place) == b"model"
        with pytest.raises(StoreError, match="may not be read"):
            read(S3, **place, AWS_ACCESS_KEY_ID="own", AWS_SECRET_ACCESS_KEY="own")  # wins
    assert service.requests[-1].path == f"{roles}reader"


@pytest.mark.parametrize(
    "variable", ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
)
def test_a_token_file_that_is_not_there_is_named(variable):
    login = {
        "AWS_ROLE_ARN": "r",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/x",
        variable: "/none",
    }
    with pytest.raises(StoreError, match=f"{variable} names a file that is not there"):
        read(S3, **login)


# --- Azure ----------------------------------------------------------------------------------------------------------------


def test_azure_workload_identity(authority, token):
    def authority_host(request: Request) -> None:
        form = parse_qs(request.body.decode())
        right = form["client_id"] == ["client"] and form["client_assertion"] == ["of the pod"]
        request.answer(200, BEARER) if right else request.answer(401)

    pod = {"AZURE_CLIENT_ID": "client", "AZURE_TENANT_ID": "tenant", "AZURE_FEDERATED_TOKEN_FILE": token}
    with stub(authority_host, authority.sign()) as service, stub(bearer, authority.sign()) as server:
        login = {
            **pod,
            "AZURE_AUTHORITY_HOST": f"{service.address}/",
            "AZURE_STORAGE_ACCOUNT_NAME": "account",
            "AZURE_STORAGE_ENDPOINT": server.address,
            "SSL_CERT_FILE": authority.pem,
        }
        assert read(AZ, **login) == b"model"
        with pytest.raises(StoreError, match=r"the workload identity was refused .401.; check the federated"):
            read(AZ, **{**login, "AZURE_CLIENT_ID": "other"})
    assert service.requests[0].path == "/tenant/oauth2/v2.0/token"


def test_azure_client_secret(authority):
    def authority_host(request: Request) -> None:
        form = parse_qs(request.body.decode())
        right = (form["client_id"], form["client_secret"]) == (["client"], ["of the application"])
        request.answer(200, BEARER) if right else request.answer(401)

    application = {"AZURE_CLIENT_ID": "client", "AZURE_TENANT_ID": "tenant"}
    with stub(authority_host, authority.sign()) as service, stub(bearer, authority.sign()) as server:
        login = {
            **application,
            "AZURE_CLIENT_SECRET": "of the application",
            "AZURE_AUTHORITY_HOST": service.address,
            "AZURE_STORAGE_ACCOUNT_NAME": "account",
            "AZURE_STORAGE_ENDPOINT": server.address,
            "SSL_CERT_FILE": authority.pem,
        }
        assert read(AZ, **login) == b"model"
        with pytest.raises(StoreError, match=r"the client secret was refused .401.") as caught:
            read(AZ, **{**login, "AZURE_CLIENT_SECRET": "neverToBeShown"})
    assert "neverToBeShown" not in str(caught.value)


def test_azure_identity_of_the_machine():
    def metadata(request: Request) -> None:
        right = request.headers.get("Metadata") == "true" and "resource=" in request.path
        until = str(int(time.time()) + 3600)  # a text, as the metadata service writes it
        answer = json.dumps({"access_token": "given", "expires_on": until}).encode()
        request.answer(200, answer) if right else request.answer(400)

    with stub(metadata) as service, stub(bearer) as server:
        login = {
            "AZURE_MSI_ENDPOINT": f"{service.address}/metadata/identity/oauth2/token",
            "AZURE_STORAGE_ACCOUNT_NAME": "account",
            "AZURE_STORAGE_ENDPOINT": server.address,
        }
        assert read(AZ, **login) == b"model"
    assert service.requests[0].path.startswith("/metadata/identity/oauth2/token?")


@pytest.mark.parametrize(
    ("variables", "shows"),
    [
        ({"AZURE_STORAGE_ACCOUNT_KEY": "c2VjcmV0"}, "SharedKey account:"),
        ({"AZURE_STORAGE_SAS_TOKEN": "?sv=1&sig=a%2Bb%3D"}, "sig=a%2Bb%3D"),
        ({"AZURE_STORAGE_TOKEN": "given"}, "Bearer given"),
    ],
)
def test_azure_key_signature_and_token_win_over_the_pods_identity(variables, shows, token):
    pod = {"AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t", "AZURE_FEDERATED_TOKEN_FILE": token}
    with stub(lambda request: request.give(b"model")) as server:
        place = {"AZURE_STORAGE_ACCOUNT": "account", "AZURE_STORAGE_ENDPOINT": server.address}
        assert read(AZ, **pod, **place, **variables) == b"model"
    (request,) = server.requests
    assert shows in f"{request.headers.get('Authorization')} {request.path}"


@pytest.mark.parametrize("login", ["AccountKey=c2VjcmV0", "SharedAccessSignature=sv=1&sig=x%3D"])
@pytest.mark.parametrize("account", ["AccountName=account;", ""])
def test_azure_connection_string(login, account):
    with stub(lambda request: request.give(b"model")) as server:
        text = f"DefaultEndpointsProtocol=http;{account}{login};BlobEndpoint={server.address}/account;"
        assert read(AZ, AZURE_STORAGE_CONNECTION_STRING=f"{text}\n") == b"model"
    assert server.requests[0].path.startswith("/account/leads/model.json")


def test_azure_without_an_account_says_what_to_name():
    with pytest.raises(
        StoreError, match="AZURE_STORAGE_ACCOUNT_NAME is absent; name a Secret with AZURE_STORAGE_CONN"
    ):
        read(AZ, AZURE_CLIENT_ID="c")
    with pytest.raises(StoreError, match="the account key is no base64"):
        read(AZ, AZURE_STORAGE_ACCOUNT_NAME="a", AZURE_STORAGE_ACCOUNT_KEY="%%")


# --- Google ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.mark.parametrize("as_file", [True, False])
@pytest.mark.parametrize("variable", ["GOOGLE_SERVICE_ACCOUNT_KEY", "GOOGLE_APPLICATION_CREDENTIALS"])
def test_google_service_account(private_key, variable, as_file, tmp_path):
    account = {
        "type": "service_account",
        "private_key": private_key,
        "private_key_id": "1",
        "client_email": "a@b",
        "disable_oauth": False,
    }
    file = tmp_path / "account.json"
    file.write_text(json.dumps(account))
    value = str(file) if as_file else file.read_text()
    with stub(lambda request: request.give(b"model")) as server:
        assert read(GS, GOOGLE_BASE_URL=server.address, **{variable: value}) == b"model"
    assert (
        server.requests[0].headers["Authorization"].startswith("Bearer ey")
    )  # a token signed by the account's key


def test_google_token_emulator_and_public_bucket():
    with stub(bearer) as server:
        assert read(GS, GOOGLE_BASE_URL=server.address, GOOGLE_BEARER_TOKEN="given\n") == b"model"
    with stub(lambda request: request.give(b"model")) as server:
        assert read(GS, STORAGE_EMULATOR_HOST=server.address.removeprefix("http://")) == b"model"
        assert read(GS, GOOGLE_BASE_URL=server.address, GOOGLE_SKIP_SIGNATURE="1") == b"model"
    assert not any("Authorization" in request.headers for request in server.requests)


def test_google_pods_service_account(monkeypatch):
    def metadata(request: Request) -> None:
        request.answer(200, BEARER) if request.headers.get("Metadata-Flavor") == "Google" else request.answer(
            403
        )

    with stub(metadata) as service, stub(bearer) as server:
        monkeypatch.setenv("GCE_METADATA_HOST", service.address.removeprefix("http://"))
        assert read(GS, GOOGLE_BASE_URL=server.address, HOME="/nowhere") == b"model"
    assert "/service-accounts/default/token" in service.requests[0].path


@pytest.mark.parametrize("value", ['{"type": "external_account"}', "{broken", "[]"])
def test_google_credentials_of_another_kind_are_named(value):
    with pytest.raises(StoreError, match="GOOGLE_APPLICATION_CREDENTIALS"):
        read(GS, GOOGLE_APPLICATION_CREDENTIALS=value)
