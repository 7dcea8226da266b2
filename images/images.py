"""Builds the five images with docker or buildah, and an SBOM of each in build/sbom: `make images`.

`images.py content` prints a tag that changes when anything that goes into an image changes; `images.py pin` writes the digest of today's base
into base/Dockerfile. Where no registry offers a base, BASE=localhost/base:bookworm makes a base of Debian packages (needs debootstrap and root).
"""

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

import engine
import sbom
from engine import ROOT, run

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "leadmodel"
HERE = Path(__file__).parent
OWN_BASE = "localhost/base:bookworm"
PIN = re.compile(r"(?<=^ARG BASE=).*$", re.MULTILINE)  # where base/Dockerfile names the default base
DOCKERFILES = {
    "operator": "operator/Dockerfile",
    "predictor": "predictor/Dockerfile",
    "training": "training/Dockerfile",
    "privacy": "privacy/Dockerfile",
    "followup": "followup/Dockerfile",
}
LIMITS_MB = {"operator": 45, "predictor": 45, "training": 90, "privacy": 45, "followup": 45}


def site(image: str) -> None:
    """Install the locked packages of an image into build/site, without files that only developers need."""
    target = ROOT / "build" / "site" / image
    lock = f"requirements/{image}.txt"
    kept, wanted = target / ".lock", hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()
    if kept.exists() and kept.read_text() == wanted:
        return
    shutil.rmtree(target, ignore_errors=True)
    options = (
        "--quiet",
        "--require-hashes",
        "--no-compile",
        "--link-mode=copy",  # a file that another folder links or drops meanwhile counts as changed for tar
        "--python-version",
        "3.11",
        "--only-binary",
        ":all:",
    )
    run(".venv/bin/uv", "pip", "install", *options, "--target", str(target), "--requirement", lock)
    for pattern in (
        "**/tests",
        "**/test",
        "**/__pycache__",
        "bin",
        "**/*.pyi",
        "**/*.pxd",
        "**/*.c",
        "**/*.h",
    ):
        for path in list(target.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    kept.write_text(wanted)


def own_base() -> None:
    """Make a base image of Debian packages with Python, unless that image exists."""
    if OWN_BASE in run("buildah", "images", "--format", "{{.Name}}:{{.Tag}}").split():
        return
    folder = (
        CACHE / "base-checked"
    )  # not "base": that may be half a system, or one whose packages nobody checked
    if not folder.exists():
        part = folder.with_name("base-checked.part")
        _unmount_below(part)
        shutil.rmtree(part, ignore_errors=True)
        part.parent.mkdir(parents=True, exist_ok=True)
        run(
            "debootstrap",
            "--variant=minbase",
            "--force-check-gpg",  # without the keyring of the archive it fails instead of going on unchecked
            "--include=python3-minimal,libpython3-stdlib,ca-certificates",
            "bookworm",
            str(part),
        )
        part.rename(folder)
    container = run("buildah", "from", "scratch")
    run("buildah", "add", container, str(folder), "/")
    run("buildah", "config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container)
    run("buildah", "commit", container, OWN_BASE)
    run("buildah", "rm", container)


def _unmount_below(folder: Path) -> None:
    """Unmount what a debootstrap that was killed left mounted, before its folder is removed."""
    for line in reversed(Path("/proc/mounts").read_text(encoding="utf-8").splitlines()):
        place = line.split()[1].replace("\\040", " ")
        if place.startswith(f"{folder}/"):
            run("umount", "--lazy", place)


def default_base() -> str:
    """The base that base/Dockerfile names."""
    return PIN.findall((HERE / "base" / "Dockerfile").read_text())[0]


def pin(base: str) -> None:
    """Write the digest that a base's tag names now into base/Dockerfile."""
    dockerfile, name = HERE / "base" / "Dockerfile", base.partition("@")[0]
    pinned = f"{name}@{engine.digest(name)}"
    dockerfile.write_text(PIN.sub(pinned, dockerfile.read_text()))
    print(pinned)


def must_be_pinned(base: str, tag: str) -> None:
    """End the program where a release would stand on whatever a tag names that day."""
    release, by_digest = r"v?\d+\.\d+\.\d+.*", r".+@sha256:[0-9a-f]{64}"
    if re.fullmatch(release, tag) and not re.fullmatch(by_digest, base):
        sys.exit(f"{tag} is a release, and {base} has no digest: run `make base` and commit what it writes")


def build_base(base: str, tag: str) -> dict[str, str]:
    """Build what the four images stand on; return what it holds, as base/contents.py prints it."""
    name = f"localhost/leadmodel-base:{tag}"
    engine.build("images/base/Dockerfile", name, base)
    program = (HERE / "base" / "contents.py").read_text()
    return json.loads(engine.inside(name, "python3", "-I", "-c", program))


def write_sbom(image: sbom.Image, contents: dict[str, str]) -> None:
    """Write build/sbom/<image>.cdx.json."""
    lock = (ROOT / "requirements" / f"{image.name}.txt").read_text()
    file = ROOT / "build" / "sbom" / f"{image.name}.cdx.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(sbom.document(image, ROOT / "build" / "site" / image.name, lock, contents))


def added_mb(image: str) -> float:
    """Return the megabytes that an image adds to its base, compressed as in a registry."""
    dockerfile = (ROOT / DOCKERFILES[image]).read_text()
    parts = [line.split()[1] for line in dockerfile.splitlines() if line.startswith("COPY ")]
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "added.tar.gz"
        run("tar", "czf", str(archive), "--exclude=__pycache__", *parts)
        return archive.stat().st_size / 1e6


def content() -> str:
    """Return twelve hex digits that change with anything that goes into an image."""
    sha256 = hashlib.sha256()
    for part in (
        "requirements",
        "contract",
        "operator",
        "predictor",
        "privacy",
        "followup",
        "training",
        "images",
    ):
        for file in sorted((ROOT / part).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                sha256.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return sha256.hexdigest()[:12]


def main() -> None:
    """Build all images, or print the content tag, or pin the base."""
    base, tag = os.environ.get("BASE", default_base()), os.environ.get("TAG", "dev")
    if sys.argv[1:] == ["content"]:
        print(content())
        return
    if sys.argv[1:] == ["pin"]:
        pin(base)
        return
    must_be_pinned(base, tag)
    if base == OWN_BASE:
        own_base()
    contents = build_base(base, tag)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for image, dockerfile in DOCKERFILES.items():
        site(image)
        name = f"localhost/leadmodel-{image}:{tag}"
        engine.build(dockerfile, name, f"localhost/leadmodel-base:{tag}")
        write_sbom(sbom.Image(image, tag, project, base), contents)
        added, limit = added_mb(image), LIMITS_MB[image]
        print(f"{name}: {added:.1f} MB over the base (at most {limit})", flush=True)
        if added > limit:
            sys.exit(f"{name} is too large")


if __name__ == "__main__":
    main()
