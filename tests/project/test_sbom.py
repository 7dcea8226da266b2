"""The SBOM of an image is CycloneDX 1.6 by the official schema, holds what was locked, and is the same for the same image."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import sbom

IMAGE = sbom.Image("operator", "0.2.0", "0.2.0", "python:3.11-slim@sha256:" + "1" * 64)
LOCK = """\
Some_Package==1.2 ; python_full_version < '4' \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
other==3 \\
    --hash=sha256:{c}
""".format(a="a" * 64, b="b" * 64, c="c" * 64)
DPKG = """\
Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u13
Description: a library
 of several lines

Package: removed
Status: deinstall ok config-files
Architecture: all
Version: 1
"""
CONTENTS = {
    "python": "3.11.9",
    "prefix": "/usr/local",
    "release": 'ID=debian\nVERSION_ID="12"\n',
    "dpkg": DPKG,
}


def installed(folder, name, version, metadata=""):
    """A package's record in a folder of packages."""
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{metadata}\n")
    return folder


@pytest.fixture
def site(tmp_path):
    installed(tmp_path, "some_package", "1.2", "License-Expression: MIT OR Apache-2.0")
    return installed(
        tmp_path, "other", "3", "Classifier: License :: OSI Approved :: BSD License\nLicense: long\n text"
    )


def components(document):
    return {c["name"]: c for c in json.loads(document)["components"]}


def invalid(document):
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(document)


def test_the_document_is_valid_by_the_official_schema(site):
    document = sbom.document(IMAGE, site, LOCK, CONTENTS)
    assert invalid(document) is None
    assert json.loads(document)["specVersion"] == "1.6"
    assert invalid(document.replace('"type": "container"', '"type": "box"')), "the control: no such type"


def test_a_package_has_its_locked_hashes_and_its_licence(site):
    listed = components(sbom.document(IMAGE, site, LOCK, CONTENTS))
    package = listed["some-package"]
    assert package["purl"] == "pkg:pypi/some-package@1.2"
    assert package["licenses"] == [{"expression": "MIT OR Apache-2.0"}]
    (files,) = package["externalReferences"]
    assert [each["content"] for each in files["hashes"]] == ["a" * 64, "b" * 64]
    assert listed["other"]["licenses"] == [{"license": {"name": "BSD License"}}]


def test_debians_packages_python_and_the_base_are_in_it(site):
    document = sbom.document(IMAGE, site, LOCK, CONTENTS)
    listed = components(document)
    assert listed["libc6"]["purl"] == "pkg:deb/debian/libc6@2.36-9%2Bdeb12u13?arch=amd64&distro=debian-12"
    assert "removed" not in listed
    assert listed["python"]["version"] == "3.11.9"
    assert IMAGE.base in document
    of_debian = components(sbom.document(IMAGE, site, LOCK, {**CONTENTS, "prefix": "/usr"}))
    assert "python" not in of_debian, "there it is one of Debian's packages"


def test_the_same_image_makes_the_same_bytes_and_another_one_another_serial_number(site):
    first = sbom.document(IMAGE, site, LOCK, CONTENTS)
    assert sbom.document(IMAGE, site, LOCK, CONTENTS) == first
    assert "timestamp" not in first
    other = sbom.document(IMAGE, site, LOCK.replace("c" * 64, "d" * 64), CONTENTS)
    serials = [json.loads(document)["serialNumber"] for document in (first, other)]
    assert len(set(serials)) == 2


def test_a_package_that_no_lock_file_holds_has_no_document(site):
    installed(site, "smuggled", "6")
    with pytest.raises(KeyError, match="smuggled"):
        sbom.document(IMAGE, site, LOCK, CONTENTS)
