"""Builds the four images with docker or buildah and prints what each adds to its base: `make images`.

`images.py content` prints a tag that changes when anything that goes into an image changes. Where no registry offers a base, BASE=localhost/base:bookworm
makes a base of Debian packages (needs debootstrap and root).
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
    """Run a command and return its output; end the program when the command fails."""
    result = subprocess.run(command, check=False, text=True, capture_output=True, cwd=ROOT)
    if result.returncode:
        sys.exit(f"{' '.join(command[:4])} failed: {result.stderr.strip()[-800:]}")
    return result.stdout.strip()


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
    """Build an image and return its name."""
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
    for part in ("requirements", "contract", "operator", "predictor", "privacy", "training", "images"):
        for file in sorted((ROOT / part).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                sha256.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return sha256.hexdigest()[:12]


def main() -> None:
    """Build all images and print their sizes, or print the content tag."""
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
