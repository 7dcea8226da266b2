"""Runs docker, or buildah where docker does not answer: builds images, runs programs in them, learns digests."""

import functools
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHROOT = ("--isolation", "chroot")  # buildah in a container or a machine without namespaces
# buildah ends without waiting for what it still has to pass on, so that on a busy machine a program's output is lost
OUTPUT = "tmp/output"
TO_FILE = (
    f"import os, sys; os.dup2(os.open('/{OUTPUT}', os.O_WRONLY | os.O_CREAT, 0o600), 1); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


def run(*command: str) -> str:
    """Run a command and return its output; end the program when the command fails."""
    result = subprocess.run(command, check=False, text=True, capture_output=True, cwd=ROOT)
    if result.returncode:
        sys.exit(f"{' '.join(command[:4])} failed: {result.stderr.strip()[-800:]}")
    return result.stdout.strip()


@functools.cache
def docker() -> bool:
    """Whether a docker daemon answers."""
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "info"], check=False, capture_output=True).returncode == 0


def build(dockerfile: str, name: str, base: str) -> None:
    """Build an image by a Dockerfile whose argument BASE is `base`."""
    options = ("--build-arg", f"BASE={base}", "-t", name, "-f", dockerfile, ".")
    if docker():
        run("docker", "build", *options)
    else:
        run("buildah", "bud", *CHROOT, "--layers=false", *options)


def inside(name: str, *command: str) -> str:
    """Run a command in a new container of an image with Python, as the image's user; return its output."""
    if docker():
        return run(
            "docker", "run", "--rm", "--network=none", f"--entrypoint={command[0]}", name, *command[1:]
        )
    container = run("buildah", "from", "--pull-never", name)
    try:
        run("buildah", "run", *CHROOT, container, "--", "python3", "-I", "-c", TO_FILE, *command)
        return (Path(run("buildah", "mount", container)) / OUTPUT).read_text(encoding="utf-8").strip()
    finally:
        run("buildah", "rm", container)


def digest(reference: str) -> str:
    """Ask a reference's registry for the digest of what its tag names now: `sha256:` and 64 hex digits.

    With docker it is the digest of the index, for all architectures; with buildah that of the image for this machine's architecture.
    """
    if docker():
        run("docker", "pull", "--quiet", reference)
        names = run("docker", "image", "inspect", "--format", '{{join .RepoDigests " "}}', reference)
        return names.split()[0].rpartition("@")[2]
    run("buildah", "pull", "--policy", "always", "--quiet", reference)
    return run("buildah", "inspect", "--type", "image", "--format", "{{.FromImageDigest}}", reference)
