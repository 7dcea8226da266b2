"""Builds the four images with docker or buildah and prints what each adds to its base: `make images`.

`images.py content` prints a tag that changes when anything that goes into an image changes. Where there is no registry to pull a base from, BASE=localhost/base:bookworm makes one of Debian's packages (needs debootstrap and root).
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "leadmodel"
OWN_BASE = "localhost/base:bookworm"
DOCKERFILES = {
    "operator": "operator/Dockerfile",
    "predictor": "predictor/Dockerfile",
    "training": "training/Dockerfile",
    "privacy": "privacy/Dockerfile",
}
LIMITS_MB = {"operator": 45, "predictor": 45, "training": 90, "privacy": 45}


def run(*command: str) -> str:
    """A command, to its end."""
    found = subprocess.run(command, check=False, text=True, capture_output=True, cwd=ROOT)
    if found.returncode:
        sys.exit(f"{' '.join(command[:4])} failed: {found.stderr.strip()[-800:]}")
    return found.stdout.strip()


def site(image: str) -> None:
    """The packages of an image, from its lock, without what only developers need."""
    target = ROOT / "build" / "site" / image
    lock = f"requirements/{image}.txt"
    mark, wanted = target / ".lock", hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()
    if mark.exists() and mark.read_text() == wanted:
        return
    shutil.rmtree(target, ignore_errors=True)
    options = (
        "--quiet",
        "--require-hashes",
        "--no-compile",
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
        for found in list(target.glob(pattern)):
            shutil.rmtree(found) if found.is_dir() else found.unlink()
    mark.write_text(wanted)


def own_base() -> None:
    """Debian with Python, once."""
    if OWN_BASE in run("buildah", "images", "--format", "{{.Name}}:{{.Tag}}").split():
        return
    folder = CACHE / "base"
    if not (folder / "usr/bin/python3").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        run(
            "debootstrap",
            "--variant=minbase",
            "--include=python3-minimal,libpython3-stdlib,ca-certificates",
            "bookworm",
            str(folder),
        )
    container = run("buildah", "from", "scratch")
    run("buildah", "add", container, str(folder), "/")
    run("buildah", "config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", container)
    run("buildah", "commit", container, OWN_BASE)
    run("buildah", "rm", container)


def build(image: str, base: str, tag: str) -> str:
    """One image; its name."""
    name = f"localhost/leadmodel-{image}:{tag}"
    if (
        shutil.which("docker")
        and subprocess.run(["docker", "info"], check=False, capture_output=True).returncode == 0
    ):
        run("docker", "build", "--build-arg", f"BASE={base}", "-t", name, "-f", DOCKERFILES[image], ".")
    else:
        options = ("--isolation", "chroot", "--build-arg", f"BASE={base}", "--layers=false")
        run("buildah", "bud", *options, "-t", name, "-f", DOCKERFILES[image], ".")
    return name


def added_mb(image: str) -> float:
    """What the image adds to its base, compressed as a registry would keep it."""
    dockerfile = (ROOT / DOCKERFILES[image]).read_text()
    parts = [line.split()[1] for line in dockerfile.splitlines() if line.startswith("COPY ")]
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "added.tar.gz"
        run("tar", "czf", str(archive), "--exclude=__pycache__", *parts)
        return archive.stat().st_size / 1e6


def content() -> str:
    """Twelve hex of everything that goes into an image."""
    found = hashlib.sha256()
    for part in ("requirements", "contract", "operator", "predictor", "privacy", "training", "images"):
        for file in sorted((ROOT / part).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return found.hexdigest()[:12]


def main() -> None:
    """Build all, print sizes."""
    if sys.argv[1:] == ["content"]:
        print(content())
        return
    base, tag = os.environ.get("BASE", "python:3.11-slim"), os.environ.get("TAG", "dev")
    if base == OWN_BASE:
        own_base()
    for image in DOCKERFILES:
        site(image)
        name = build(image, base, tag)
        print(f"{name}: {added_mb(image):.1f} MB over the base (at most {LIMITS_MB[image]})", flush=True)


if __name__ == "__main__":
    main()
