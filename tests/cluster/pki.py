"""Certificates and kubeconfigs of the test cluster: one authority, a day's life."""

import base64
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_NAMES = [
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
]


@dataclass(frozen=True)
class Pki:
    """Writes what is asked for into a folder."""

    folder: Path
    server: str
    addresses: tuple[str, ...]

    def make(self) -> None:
        """Everything the cluster needs."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._authority()
        self._leaf("apiserver", "kube-apiserver", server=True)
        self._leaf("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters")
        account = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._write("sa.key", _pem(account))
        public = account.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._write("sa.pub", public)
        for name, who, group in (
            ("admin", "admin", "system:masters"),
            ("controller-manager", "system:kube-controller-manager", None),
            ("scheduler", "system:kube-scheduler", None),
            ("proxy", "system:kube-proxy", None),
            ("kubelet", "system:node:node1", "system:nodes"),
        ):
            self._leaf(name, who, group)
            self._kubeconfig(name)

    def _write(self, name: str, data: bytes) -> None:
        path = self.folder / name
        path.write_bytes(data)
        path.chmod(0o600)

    def _authority(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leadmodel-test")])
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        made = _builder(name, name, key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self._write("ca.crt", _cert(made.add_extension(usage, critical=True).sign(key, hashes.SHA256())))
        self._write("ca.key", _pem(key))

    def _leaf(self, name: str, who: str, group: str | None = None, *, server: bool = False) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        signer = serialization.load_pem_private_key((self.folder / "ca.key").read_bytes(), None)
        issuer = x509.load_pem_x509_certificate((self.folder / "ca.crt").read_bytes()).subject
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, who)]
        if group:
            attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
        made = _builder(x509.Name(attributes), issuer, key)
        if server:
            names = [x509.DNSName(n) for n in _NAMES] + [
                x509.IPAddress(ipaddress.ip_address(a)) for a in self.addresses
            ]
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self._write(f"{name}.crt", _cert(made.sign(signer, hashes.SHA256())))
        self._write(f"{name}.key", _pem(key))

    def _kubeconfig(self, name: str) -> None:
        def data(file: str) -> str:
            return base64.b64encode((self.folder / file).read_bytes()).decode()

        user = {"client-certificate-data": data(f"{name}.crt"), "client-key-data": data(f"{name}.key")}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "clusters": [
                {
                    "name": "c",
                    "cluster": {"server": self.server, "certificate-authority-data": data("ca.crt")},
                }
            ],
            "users": [{"name": "u", "user": user}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        }
        self._write(f"{name}.kubeconfig", yaml.safe_dump(document).encode())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)  # noqa: TID251  # a harness, not the product
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=7))
    )


def _cert(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
