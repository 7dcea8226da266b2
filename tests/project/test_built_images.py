"""The images as buildah really builds them: no installer, no root, programs that start, an SBOM of what is inside, a base by digest."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import engine
import images
from project.house import ROOT
from sbom import canonical
from support.image_registry import registry

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        os.geteuid() != 0 or not shutil.which("buildah") or not shutil.which("debootstrap", path="/usr/sbin"),
        reason="needs root, buildah and debootstrap",
    ),
]
PROGRAMS = {
    "operator": ["leadmodel-operator"],
    "predictor": ["leadmodel-predictor", "leadmodel-poll", "leadmodel-validate", "leadmodel-check-text"],
    "training": ["leadmodel-train", "leadmodel-enrich", "leadmodel-synth"],
    "privacy": ["leadmodel-privacy"],
    "followup": ["leadmodel-followup"],
}
WITH_INSTALLERS = "localhost/with-installers:1"
PROBE = """
import importlib.metadata, importlib.util, json, os, pathlib, shutil, stat
names = {"pip", "pip3", "setuptools", "wheel", "ensurepip", "pkg_resources"}
def installer(name):
    return name in names or name.startswith(("pip-", "setuptools-", "wheel-")) and name.endswith((".dist-info", ".whl"))
print(json.dumps({
    "importable": sorted(name for name in names if importlib.util.find_spec(name)),
    "paths": [f"{at}/{name}" for at, folders, files in os.walk("/usr") for name in folders + files if installer(name)],
    "programs": [name for name in names if shutil.which(name)],
    "user": os.getuid(),
    "writable": [path for path in ("/", "/app", "/usr", "/etc") if os.access(path, os.W_OK)],
    "left": os.path.exists("/prune.py"),
    "tmp": stat.S_IMODE(os.stat("/tmp").st_mode),
    "authorities": os.path.getsize("/etc/ssl/certs/ca-certificates.crt"),
    "packages": {d.name: d.version for d in importlib.metadata.distributions(path=["/app"])},
    "debian": pathlib.Path("/var/lib/dpkg/status").read_text().count("Status: install ok installed"),
}))
"""


def forget_images():
    """Remove all containers and images from buildah's storage of this test."""
    engine.run("buildah", "rm", "--all")
    engine.run("buildah", "rmi", "--all", "--force")


@pytest.fixture(autouse=True)
def storage(tmp_path, monkeypatch):
    """buildah with a storage of its own, also where docker answers."""
    conf = tmp_path / "storage.conf"
    conf.write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{tmp_path}/g"\nrunroot = "{tmp_path}/r"\n')
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(conf))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    engine.docker.cache_clear()
    yield
    engine.docker.cache_clear()
    forget_images()
    shutil.rmtree(tmp_path / "g", ignore_errors=True)


def commit(base, name, *files):
    """An image: a base with files, each as a pair of path here and path there."""
    container = engine.run("buildah", "from", "--pull-never", base)
    for here, there in files:
        engine.run("buildah", "copy", container, str(here), there)
    engine.run("buildah", "commit", container, name)
    engine.run("buildah", "rm", container)


def with_installers(folder):
    """Debian's Python with installers in all places where official images of Python have them."""
    images.own_base()
    site = Path(sysconfig.get_paths()["purelib"])
    program = folder / "pip3"
    program.write_text("#!/usr/bin/python3\nfrom pip._internal.cli.main import main\nmain()\n")
    program.chmod(0o755)
    files = [(program, f"/usr/local/bin/{name}") for name in ("pip", "pip3", "pip3.11")]
    files.append((Path(sysconfig.get_paths()["stdlib"]) / "ensurepip", "/usr/lib/python3.11/ensurepip"))
    parts = [part for name in ("pip", "pip-*", "setuptools*", "pkg_resources") for part in site.glob(name)]
    for place in ("dist-packages", "site-packages"):
        files += [(part, f"/usr/local/lib/python3.11/{place}/{part.name}") for part in parts]
    commit(images.OWN_BASE, WITH_INSTALLERS, *files)


def probe(name):
    return json.loads(engine.inside(name, "python3", "-c", PROBE))


def make_images(**variables):
    """What `make images` runs, to its end."""
    command = [sys.executable, str(ROOT / "images" / "images.py")]
    return subprocess.run(
        command, check=False, text=True, capture_output=True, env={**os.environ, **variables}
    )


def test_images_hold_no_installer_whatever_the_base_holds(tmp_path):
    with_installers(tmp_path)
    before = probe(WITH_INSTALLERS)
    assert {"pip", "ensurepip"} <= set(before["importable"]), "the control: an unpruned base"
    assert {"pip", "pip3"} <= set(before["programs"])
    assert len(before["paths"]) >= 7
    assert "pip" in engine.inside(WITH_INSTALLERS, "pip3", "--version")

    built = make_images(BASE=WITH_INSTALLERS, TAG="tested")
    assert built.returncode == 0, built.stderr
    print(built.stdout)
    for image, programs in PROGRAMS.items():
        name = f"localhost/leadmodel-{image}:tested"
        inside = probe(name)
        assert not inside["importable"] + inside["paths"] + inside["programs"], image
        assert (inside["user"], inside["writable"], inside["left"]) == (65532, [], False)
        assert inside["tmp"] == 0o1777
        assert inside["authorities"] == before["authorities"] > 100_000
        for program in programs:
            assert f"usage: {program}" in engine.inside(name, program, "--help")
        the_sbom_lists(image, inside)


LOSES = """#!/bin/sh
if [ "$1" = run ]; then exec {buildah} "$@" >/dev/null; fi
exec {buildah} "$@"
"""


def test_output_that_buildah_does_not_pass_on_is_read_all_the_same(tmp_path, monkeypatch):
    """A buildah that ends before it has passed anything on, as it may on a busy machine; the control is to read what it passes on."""
    images.own_base()
    program = tmp_path / "bin" / "buildah"
    program.parent.mkdir()
    program.write_text(LOSES.format(buildah=shutil.which("buildah")))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    container = engine.run("buildah", "from", "--pull-never", images.OWN_BASE)
    assert engine.run("buildah", "run", *engine.CHROOT, container, "--", "echo", "a word") == ""
    assert engine.inside(images.OWN_BASE, "echo", "a word") == "a word"


def the_sbom_lists(image, inside):
    document = (ROOT / "build" / "sbom" / f"{image}.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(document) is None
    components = json.loads(document)["components"]
    of_python = {c["name"]: c["version"] for c in components if c.get("purl", "").startswith("pkg:pypi/")}
    assert of_python == {canonical(name): version for name, version in inside["packages"].items()}
    of_debian = [c for c in components if c.get("purl", "").startswith("pkg:deb/debian/")]
    assert len(of_debian) == inside["debian"] > 50


# --- digests -----------------------------------------------------------------------------------------------------------------


def an_image(folder, text):
    """An OCI layout of an image with one file."""
    folder.mkdir()
    (folder / "file").write_text(text)
    commit("scratch", f"localhost/{folder.name}:1", (folder / "file", "/file"))
    engine.run("buildah", "push", f"localhost/{folder.name}:1", f"oci:{folder}/layout")
    return folder / "layout"


def file_of(name):
    """What the file of such an image holds."""
    container = engine.run("buildah", "from", "--pull-never", name)
    mount = engine.run("buildah", "mount", container)
    return (Path(mount) / "file").read_text()


def built_from(base, folder):
    (folder / "Dockerfile").write_text("ARG BASE\nFROM ${BASE}\n")
    engine.build(str(folder / "Dockerfile"), "localhost/on-it:1", base)
    return file_of("localhost/on-it:1")


def test_a_base_by_digest_stays_what_it_was(tmp_path, monkeypatch):
    with registry() as served:
        config = f'[[registry]]\nlocation = "{served.address}"\ninsecure = true\n'
        (tmp_path / "registries.conf").write_text(config)
        monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(tmp_path / "registries.conf"))
        base = f"{served.address}/python:3.11-slim"
        index = served.add("3.11-slim", an_image(tmp_path / "first", "first"))
        pinned = engine.digest(base)
        assert pinned in served.blobs

        served.add("3.11-slim", an_image(tmp_path / "second", "second"))
        moved = engine.digest(base)
        assert moved != pinned
        forget_images()
        assert built_from(f"{base}@{pinned}", tmp_path) == "first"
        assert built_from(f"{base}@{index}", tmp_path) == "first", "as docker names it, for all architectures"
        assert built_from(base, tmp_path) == "second", "the control: a tag moves"

        forget_images()
        served.blobs[pinned] = served.blobs[moved]
        with pytest.raises(SystemExit, match=r"digest|match"):
            built_from(f"{base}@{pinned}", tmp_path)
