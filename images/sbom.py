"""Writes what an image holds as CycloneDX 1.6: the locked packages with their hashes, Python, and Debian's packages of the base.

The same image makes the same bytes: there is no time in the document, and its serial number is made of its content.
"""

import email
import email.message
import importlib.metadata
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

LICENSES = LicenseFactory()
ROWS = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?P<rest>(?:.*\\\n)*.*)$", re.MULTILINE)
CLASSIFIER = "License :: "


@dataclass(frozen=True)
class Image:
    """An image for which a document is written."""

    name: str
    version: str  # its tag
    project: str  # the version of LeadModel in it
    base: str  # the reference of the base


def canonical(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(lock: str) -> dict[tuple[str, str], list[str]]:
    """SHA-256 of the files that a lock file allows, per name and version of a package."""
    return {
        (canonical(row["name"]), row["version"]): sorted(
            re.findall(r"--hash=sha256:([0-9a-f]{64})", row["rest"])
        )
        for row in ROWS.finditer(lock)
    }


def licences(distribution: Distribution) -> Iterable[License]:
    """What a package says of its licence: an SPDX expression, else its classifiers, else a short name."""
    metadata = distribution.metadata
    if expression := metadata.get("License-Expression"):
        return [LICENSES.make_from_string(expression)]
    classifiers = [c for c in metadata.get_all("Classifier") or [] if c.startswith(CLASSIFIER)]
    names = {c.rpartition(" :: ")[2] for c in classifiers} - {"OSI Approved"}
    short = metadata.get("License", "")
    if not names and 0 < len(short) <= 80 and "\n" not in short:
        names = {short}
    return [LICENSES.make_from_string(name) for name in sorted(names)]


def package(distribution: Distribution, hashes: dict[tuple[str, str], list[str]]) -> Component:
    """The component of a package that is installed in an image.

    Raises:
        KeyError: the lock file does not hold this version, so that nothing checked it.
    """
    name, version = canonical(distribution.name), distribution.version
    purl = PackageURL("pypi", None, name, version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(str(purl)),
        comment="one of the files with these hashes was installed",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=sha256) for sha256 in hashes[name, version]],
    )
    return Component(
        name=name,
        version=version,
        bom_ref=str(purl),
        purl=purl,
        licenses=licences(distribution),
        external_references=[files],
    )


def release_of(text: str) -> dict[str, str]:
    """The fields of an os-release file."""
    return {key: value.strip("\"'") for key, _, value in (line.partition("=") for line in text.splitlines())}


def debian(contents: dict[str, str]) -> list[Component]:
    """A component per package that dpkg counts as installed."""
    release = release_of(contents["release"])
    distribution, number = release.get("ID", "debian"), release.get("VERSION_ID", "")
    components = []
    for stanza in re.split(r"\n{2,}", contents["dpkg"].strip()):
        fields: email.message.Message = email.message_from_string(stanza)
        if not fields["Package"] or not fields.get("Status", "ok installed").endswith("ok installed"):
            continue
        qualifiers = {"arch": fields["Architecture"], "distro": f"{distribution}-{number}".rstrip("-")}
        purl = PackageURL("deb", distribution, fields["Package"], fields["Version"], qualifiers)
        components.append(
            Component(name=fields["Package"], version=fields["Version"], bom_ref=str(purl), purl=purl)
        )
    return components


def python(contents: dict[str, str]) -> list[Component]:
    """Python itself, where it is no package of the distribution."""
    if contents["prefix"] == "/usr":
        return []
    purl = PackageURL("generic", None, "python", contents["python"])
    licence = LICENSES.make_from_string("Python-2.0")
    return [
        Component(
            name="python",
            version=contents["python"],
            type=ComponentType.APPLICATION,
            bom_ref=str(purl),
            purl=purl,
            licenses=[licence],
        )
    ]


def document(image: Image, site: Path, lock: str, contents: dict[str, str]) -> str:
    """The document of an image as JSON, from the folder of its packages, their lock file, and what `contents.py` printed in its base."""
    hashes = locked(lock)
    packages = [package(found, hashes) for found in importlib.metadata.distributions(path=[str(site)])]
    project = Component(
        name="leadmodel",
        version=image.project,
        type=ComponentType.APPLICATION,
        bom_ref=f"leadmodel@{image.project}",
        licenses=[LICENSES.make_from_string("Apache-2.0")],
    )
    bom = Bom(components=[project, *packages, *python(contents), *debian(contents)])
    bom.metadata.component = Component(
        name=f"leadmodel-{image.name}",
        version=image.version,
        type=ComponentType.CONTAINER,
        bom_ref=f"leadmodel-{image.name}",
        properties=[Property(name="leadmodel:base", value=image.base)],
    )
    bom.register_dependency(bom.metadata.component, bom.components)
    bom.metadata.timestamp = None
    bom.serial_number = uuid.UUID(int=0)
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, text(bom))
    return text(bom)


def text(bom: Bom) -> str:
    """A document as JSON with a line end."""
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"
