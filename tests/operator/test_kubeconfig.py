"""Access outside a pod: whatever kubectl's users have in their kubeconfig, tokens that expire among it, and a pod's own account."""

import asyncio
import base64
import contextlib
import json
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from leadmodel_operator import __main__ as program
from leadmodel_operator.kubernetes import apiserver
from leadmodel_operator.kubernetes.apiserver.access import AccessError
from leadmodel_operator.kubernetes.apiserver.client import ApiError, Client
from leadmodel_operator.kubernetes.apiserver.connect import find_access
from worlds.fake_api import FakeApi, Refused

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
PODS = "/api/v1/namespaces/sales/pods"
INTERNAL = "api.internal"  # the only name in the server's certificate
MAIN = ["--predictor-image=p:1"]


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def _no_pod(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "leadmodel_operator.kubernetes.apiserver.connect.SERVICE_ACCOUNT", tmp_path / "no-account"
    )


def write(path, monkeypatch, cluster, user=None):
    """One kubeconfig in KUBECONFIG."""
    path.write_text(yaml.safe_dump(document(cluster, user)))
    monkeypatch.setenv("KUBECONFIG", str(path))


def document(cluster, user=None):
    named = {"name": "one"}
    return {
        "current-context": "one",
        "contexts": [{**named, "context": {"cluster": "one", "user": "one"}}],
        "clusters": [{**named, "cluster": cluster}],
        "users": [{**named, "user": user or {"token": "static"}}],
    }


@contextlib.asynccontextmanager
async def serving(tls=None):
    api = FakeApi()
    await api.start(tls)
    try:
        yield api
    finally:
        await api.stop()


@contextlib.asynccontextmanager
async def connected(clock):
    client = Client(find_access(clock))
    try:
        yield client
    finally:
        await client.close()


# --- files -----------------------------------------------------------------------------------------------------------------


def test_two_files_are_joined(tmp_path, monkeypatch, clock):
    async def run():
        async with serving() as api:
            whole = document({"server": api.url}, {"token": "of-the-second"})
            first = {key: value for key, value in whole.items() if key != "users"}
            (tmp_path / "first").write_text(yaml.safe_dump(first))
            (tmp_path / "second").write_text(yaml.safe_dump({"users": whole["users"]}))
            monkeypatch.setenv(
                "KUBECONFIG", f"{tmp_path / 'first'}:{tmp_path / 'missing'}:{tmp_path / 'second'}"
            )
            async with connected(clock) as client:
                await client.items(PODS, "")
            assert api.log[-1].token == "Bearer of-the-second"

    asyncio.run(run())


def test_without_a_file_the_message_says_what_to_set(tmp_path, monkeypatch, clock):
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "missing"))
    with pytest.raises(AccessError, match="set KUBECONFIG, or run in a pod"):
        find_access(clock)


@pytest.mark.parametrize(
    "text", ["", "[", "a: b", "current-context: one", "contexts: 3\ncurrent-context: one"]
)
def test_a_malformed_file_ends_the_program_with_one_line(text, tmp_path, monkeypatch, capsys):
    (tmp_path / "config").write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert program.main(MAIN) == 2
    assert capsys.readouterr().err.startswith("leadmodel-operator: no access to a cluster: the kubeconfig")


def test_without_the_package_one_line_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    monkeypatch.setitem(sys.modules, "kubernetes.client", None)
    monkeypatch.delitem(sys.modules, f"{apiserver.__name__}.kubeconfig", raising=False)
    monkeypatch.delattr(apiserver, "kubeconfig", raising=False)
    assert program.main(MAIN) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "pip install 'leadmodel[cli]'" in lines[0]


# --- credentials -----------------------------------------------------------------------------------------------------------


def plugin(folder, body):
    """An exec plugin: a shell script that counts its runs and prints a credential."""
    path = folder / "plugin"
    path.write_text(
        f'#!/bin/sh\necho run >> "{folder}/runs"\nn=$(wc -l < "{folder}/runs" | tr -d " ")\n{body}\n'
    )
    path.chmod(0o700)
    api = "client.authentication.k8s.io/v1"
    return {"exec": {"apiVersion": api, "command": str(path), "interactiveMode": "Never"}}


def credential(**status):
    kind = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}
    return "cat <<END\n" + json.dumps(kind) + "\nEND"


def runs(folder):
    return len((folder / "runs").read_text().splitlines())


def test_a_token_of_an_exec_plugin_is_renewed_before_it_expires(tmp_path, monkeypatch, clock):
    async def run():
        async with serving() as api:
            expiry = START + timedelta(minutes=10)
            user = plugin(tmp_path, credential(token="token-$n", expirationTimestamp=expiry.isoformat()))
            write(tmp_path / "config", monkeypatch, {"server": api.url}, user)
            async with connected(clock) as client:
                await asyncio.gather(*(client.items(PODS, "") for _ in range(5)))
                clock.now += timedelta(minutes=7)
                await client.items(PODS, "")
                assert {call.token for call in api.log} == {"Bearer token-1"}
                clock.now += timedelta(minutes=2)
                await asyncio.gather(*(client.items(PODS, "") for _ in range(5)))
            assert {call.token for call in api.log[6:]} == {"Bearer token-2"}
            assert runs(tmp_path) == 2

    asyncio.run(run())


def test_a_rejected_token_is_renewed_for_the_next_request(tmp_path, monkeypatch, clock):
    async def run():
        async with serving() as api:

            async def only_the_second(call, when):
                if when == "before" and call.token != "Bearer token-2":
                    raise Refused(401, "Unauthorized")

            api.hooks.append(only_the_second)
            user = plugin(tmp_path, credential(token="token-$n"))
            write(tmp_path / "config", monkeypatch, {"server": api.url}, user)
            async with connected(clock) as client:
                for _ in range(3):  # at once: a plugin is not run for each request that fails
                    with pytest.raises(ApiError, match="401"):
                        await client.items(PODS, "")
                assert runs(tmp_path) == 1
                clock.now += timedelta(seconds=6)
                await client.items(PODS, "")
            assert runs(tmp_path) == 2

    asyncio.run(run())


def test_a_plugin_that_fails_later_leaves_the_old_token(tmp_path, monkeypatch, clock):
    async def run():
        async with serving() as api:
            expiry = (START + timedelta(minutes=10)).isoformat()
            body = f"[ $n -gt 1 ] && exit 1\n{credential(token='first', expirationTimestamp=expiry)}"
            write(tmp_path / "config", monkeypatch, {"server": api.url}, plugin(tmp_path, body))
            async with connected(clock) as client:
                clock.now += timedelta(minutes=9)
                await client.items(PODS, "")
                await client.items(PODS, "")
            assert api.log[-1].token == "Bearer first"
            assert runs(tmp_path) == 2

    asyncio.run(run())


def test_a_plugin_that_fails_at_the_start_is_not_taken_for_no_credentials(tmp_path, monkeypatch, clock):
    write(tmp_path / "config", monkeypatch, {"server": "http://127.0.0.1:1"}, plugin(tmp_path, "exit 1"))
    with pytest.raises(AccessError, match="gave no credentials"):
        find_access(clock)


def test_a_token_file_is_read_again(tmp_path, monkeypatch, clock):
    async def run():
        async with serving() as api:
            (tmp_path / "token").write_text("first\n")
            write(tmp_path / "config", monkeypatch, {"server": api.url}, {"tokenFile": "token"})
            async with connected(clock) as client:
                await client.items(PODS, "")
                (tmp_path / "token").write_text("second\n")
                clock.now += timedelta(seconds=61)
                await client.items(PODS, "")
            assert [call.token for call in api.log] == ["Bearer first", "Bearer second"]

    asyncio.run(run())


def test_a_redirect_elsewhere_gets_no_token(tmp_path, monkeypatch, clock):
    async def run():
        async with serving() as api, serving() as other:
            write(tmp_path / "config", monkeypatch, {"server": api.url})
            access = find_access(clock)
            async with access.session() as session:
                async with session.get(other.url + PODS) as answer:
                    assert answer.status == 200
                async with session.get(api.url + PODS) as answer:
                    assert answer.status == 200
            assert (other.log[-1].token, api.log[-1].token) == ("", "Bearer static")

    asyncio.run(run())


# --- TLS and proxies --------------------------------------------------------------------------------------------------------


def issue(name, key, issuer_name, issuer_key, *, authority):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    build = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=36500))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    return build.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def private(key):
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """A folder with ca.crt, and a server's and a client's certificate, each in a file with its key."""
    folder = tmp_path_factory.mktemp("pki")
    root = ec.generate_private_key(ec.SECP256R1())
    (folder / "ca.crt").write_bytes(issue("root", root, "root", root, authority=True))
    for name in (INTERNAL, "client"):
        key = ec.generate_private_key(ec.SECP256R1())
        (folder / f"{name}.crt").write_bytes(issue(name, key, "root", root, authority=False))
        (folder / f"{name}.key").write_bytes(private(key))
    return folder


def server_context(pki, *, client_wanted=False):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pki / f"{INTERNAL}.crt", pki / f"{INTERNAL}.key")
    if client_wanted:
        context.load_verify_locations(pki / "ca.crt")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def ask_over_tls(pki, tmp_path, monkeypatch, clock, cluster, user=None, *, client_wanted=False):
    """One list over TLS, then one watch; the cluster section is completed with the server's address."""

    async def run():
        async with serving(server_context(pki, client_wanted=client_wanted)) as api:
            write(tmp_path / "config", monkeypatch, {"server": api.url, **cluster}, user)
            async with connected(clock) as client:
                await client.items(PODS, "")
                query = {"watch": "1", "timeoutSeconds": "1"}
                async with client.stream(PODS, "application/json", 5.0, **query) as answer:
                    assert answer.status == 200
            assert len(api.log) == 2

    asyncio.run(run())


def authority_of(pki):
    return {"certificate-authority-data": base64.b64encode((pki / "ca.crt").read_bytes()).decode()}


def test_tls_server_name_is_checked_instead_of_the_address(pki, tmp_path, monkeypatch, clock):
    cluster = {**authority_of(pki), "tls-server-name": INTERNAL}
    ask_over_tls(pki, tmp_path, monkeypatch, clock, cluster)


def test_without_tls_server_name_the_certificate_does_not_fit(pki, tmp_path, monkeypatch, clock):
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        ask_over_tls(pki, tmp_path, monkeypatch, clock, authority_of(pki))


def test_insecure_skip_tls_verify_is_obeyed(pki, tmp_path, monkeypatch, clock):
    ask_over_tls(pki, tmp_path, monkeypatch, clock, {"insecure-skip-tls-verify": True})


def test_a_client_certificate_is_shown(pki, tmp_path, monkeypatch, clock):
    user = {"client-certificate": str(pki / "client.crt"), "client-key": str(pki / "client.key")}
    cluster = {**authority_of(pki), "tls-server-name": INTERNAL}
    ask_over_tls(pki, tmp_path, monkeypatch, clock, cluster, user, client_wanted=True)


def test_a_certificate_of_an_exec_plugin_is_shown(pki, tmp_path, monkeypatch, clock):
    parts = {"clientCertificateData": "client.crt", "clientKeyData": "client.key"}
    status = {name: (pki / file).read_text() for name, file in parts.items()}
    user = plugin(tmp_path, credential(**status).replace("cat <<END", "cat <<'END'"))
    cluster = {**authority_of(pki), "tls-server-name": INTERNAL}
    ask_over_tls(pki, tmp_path, monkeypatch, clock, cluster, user, client_wanted=True)


@contextlib.asynccontextmanager
async def tunnels():
    """An HTTP proxy that makes tunnels; yields its URL and the targets it was asked for."""
    targets = []

    async def pump(reader, writer):
        with contextlib.suppress(OSError):
            while chunk := await reader.read(65536):
                writer.write(chunk)
                await writer.drain()
        writer.close()

    async def tunnel(reader, writer):
        request = (await reader.readuntil(b"\r\n\r\n")).split()
        targets.append((request[0].decode(), request[1].decode()))
        host, _, port = request[1].decode().rpartition(":")
        there = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))

    server = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", targets
    finally:
        server.close()


def test_proxy_url_carries_the_connection(pki, tmp_path, monkeypatch, clock):
    async def run():
        async with serving(server_context(pki)) as api, tunnels() as (proxy, targets):
            cluster = {"server": api.url, **authority_of(pki), "tls-server-name": INTERNAL}
            write(tmp_path / "config", monkeypatch, {**cluster, "proxy-url": proxy})
            async with connected(clock) as client:
                await client.items(PODS, "")
            assert targets == [("CONNECT", api.url.removeprefix("https://"))]
            assert api.log[-1].token == "Bearer static"

    asyncio.run(run())


def test_a_proxy_of_another_kind_is_refused(tmp_path, monkeypatch, clock):
    cluster = {"server": "https://127.0.0.1:1", "proxy-url": "socks5://127.0.0.1:2"}
    write(tmp_path / "config", monkeypatch, cluster)
    with pytest.raises(AccessError, match="only http and https"):
        find_access(clock)


# --- in a pod ----------------------------------------------------------------------------------------------------------------

IN_A_POD = """
import asyncio, sys
from pathlib import Path
from leadmodel_operator.kubernetes.apiserver import connect
connect.SERVICE_ACCOUNT = Path(sys.argv[1])
access = connect.find_access(lambda: None)
print(access.server, asyncio.run(access.credentials.authorization()))
(connect.SERVICE_ACCOUNT / "token").write_text("renewed")
print(asyncio.run(access.credentials.authorization()))
assert "kubernetes" not in sys.modules and "yaml" not in sys.modules
"""


def test_in_a_pod_the_account_counts_and_the_official_client_is_not_imported(pki, tmp_path):
    (tmp_path / "ca.crt").write_bytes((pki / "ca.crt").read_bytes())
    (tmp_path / "token").write_text("of-the-account\n")
    env = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "6443"}
    command = [sys.executable, "-c", IN_A_POD, str(tmp_path)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["https://[fd00::1]:6443 Bearer of-the-account", "Bearer renewed"], (
        done.stderr
    )
