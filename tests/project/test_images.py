"""Each image holds the packages that its programs import, and no other part of the project; what stays out of its base, and when a base will do."""

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import images
from project.house import ROOT, House

IMAGES = ("operator", "predictor", "training", "privacy", "followup")


@pytest.fixture(scope="module")
def house() -> House:
    return House(ROOT)


def needed(house: House, part: str) -> set[str]:
    """Give the parts of all modules that the modules of a part reach by imports."""
    modules = {name for name in house.modules if f"{name}.".startswith(f"{part}.")}
    while more := {target for source, target in house.imports if source in modules} - modules:
        modules |= more
    return {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_what_its_programs_import(house, image):
    dockerfile = (ROOT / image / "Dockerfile").read_text()
    copied = set(re.findall(r"^COPY \w+/(leadmodel_\w+) /app/\1$", dockerfile, re.MULTILINE))
    assert copied == needed(house, f"leadmodel_{image}")


def program(name):
    """A program that runs inside images."""
    spec = spec_from_file_location(name, ROOT / "images" / "base" / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_installers_go_and_nothing_else(tmp_path):
    site, library = "usr/local/lib/python3.11/site-packages", "usr/local/lib/python3.11"
    gone = [
        f"{site}/pip/__init__.py",
        f"{site}/pip-24.0.dist-info/METADATA",
        f"{site}/setuptools-79.0.1.dist-info/METADATA",
        f"{site}/wheel/__init__.py",
        f"{site}/pkg_resources/__init__.py",
        f"{site}/distutils-precedence.pth",
        f"{library}/ensurepip/__init__.py",
        "usr/lib/python3/dist-packages/pip/__init__.py",
        "usr/share/python-wheels/pip-23.0.1-py3-none-any.whl",
        "usr/local/bin/pip3.11",
        "usr/local/bin/wheel",
        "usr/bin/pip",
    ]
    kept = [
        f"{library}/pipes.py",
        f"{library}/venv/__init__.py",
        f"{site}/pipeline/__init__.py",
        f"{site}/sklearn/pip/model.py",
        "usr/bin/pipx-like",
        "etc/pip.conf",
        "proc/bin/pip",
    ]
    for name in [*gone, *kept]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    prune = program("prune")
    prune.remove(tmp_path)
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == set(kept)
    assert list(prune.installers(tmp_path)) == []


DIGEST = f"sha256:{'1' * 64}"


@pytest.mark.parametrize("tag", ["0.2.0", "v1.0.0", "1.0.0-rc.1"])
def test_a_release_needs_a_base_by_digest(tag):
    for base in ("python:3.11-slim", "python:3.11-slim@sha256:1", images.OWN_BASE):
        with pytest.raises(SystemExit, match="make base"):
            images.must_be_pinned(base, tag)
    images.must_be_pinned(f"python:3.11-slim@{DIGEST}", tag)


def test_what_is_no_release_takes_any_base():
    for tag in ("dev", "0a1b2c3d4e5f", "main"):
        assert images.must_be_pinned("python:3.11-slim", tag) is None


def test_a_digest_is_written_where_the_next_build_reads_it(tmp_path, monkeypatch, capsys):
    (tmp_path / "base").mkdir()
    dockerfile = tmp_path / "base" / "Dockerfile"
    dockerfile.write_text((ROOT / "images" / "base" / "Dockerfile").read_text())
    monkeypatch.setattr(images, "HERE", tmp_path)
    monkeypatch.setattr(images.engine, "digest", lambda name: DIGEST if name == "python:3.11-slim" else "")
    images.pin(images.default_base())
    assert images.default_base() == f"python:3.11-slim@{DIGEST}"
    images.pin(images.default_base())
    assert images.default_base() == f"python:3.11-slim@{DIGEST}", "a pinned base is pinned anew by its tag"
    assert dockerfile.read_text().count("ARG BASE=") == 1


def test_each_image_stands_on_the_pruned_base():
    for image in IMAGES:
        lines = (ROOT / image / "Dockerfile").read_text().splitlines()
        assert [line for line in lines if line.startswith(("ARG", "FROM", "RUN"))] == [
            "ARG BASE=localhost/leadmodel-base:dev",
            "FROM ${BASE}",
        ]


def test_a_base_of_an_earlier_kind_is_not_taken(tmp_path, monkeypatch):
    """It may be half a system, or one that was fetched unchecked."""
    (tmp_path / "base" / "usr").mkdir(parents=True)
    commands = []

    def run(*command):
        commands.append(command)
        if command[0] == "debootstrap":
            Path(command[-1]).mkdir()
        return ""

    monkeypatch.setattr(images, "CACHE", tmp_path)
    monkeypatch.setattr(images, "run", run)
    images.own_base()
    (made,) = [command for command in commands if command[0] == "debootstrap"]
    assert "--force-check-gpg" in made
    (added,) = [command for command in commands if command[:2] == ("buildah", "add")]
    assert Path(added[-2]).is_dir()
    assert Path(added[-2]) != tmp_path / "base"
    images.own_base()
    assert len([command for command in commands if command[0] == "debootstrap"]) == 1, (
        "the next build takes it"
    )
