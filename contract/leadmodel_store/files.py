"""Files of this machine and of mounted claims: `file:///path` and `pvc://claim/path`."""

import errno
import os
import secrets
import stat
from pathlib import Path
from urllib.parse import unquote

from leadmodel_messages.uris import show
from leadmodel_store.result import Fetched, StoreError, StoreReason, checked

PVC_ROOT = Path("/mnt")  # Jobs mount the claim NAME at /mnt/NAME


def path_of(uri: str) -> Path:
    """Return the path of a `file:` or `pvc:` URI: `%20` is a space, and every character but `%` stands for itself.

    Raises:
        StoreError: when the URI has another form or leaves its claim.
    """
    scheme, _, rest = uri.partition("://")
    host, slash, quoted = rest.partition("/")
    inside = unquote(quoted, errors="surrogateescape")
    form = "file:///path" if scheme == "file" else "pvc://claim/path"
    if scheme == "file":
        root, fits = Path("/"), host in {"", "localhost"} and bool(slash)
        path = root / inside.lstrip("/")
    else:
        root = PVC_ROOT / host
        path = Path(os.path.realpath(root / inside.lstrip("/").replace("\0", "")))
        fits = bool(host) and path.is_relative_to(root.resolve())
    if not fits or "\0" in inside:
        raise StoreError(StoreReason.BAD_URI, f"{show(uri)} must have the form {form}")
    return path


def fetch_file(path: Path, uri: str, max_bytes: int, etag: str | None, *, pipes: bool = True) -> Fetched:
    """Read a file, or with `pipes` what a writer puts into a pipe; time, size and inode make the ETag. Raises StoreError."""
    # with O_NONBLOCK a pipe is opened without its writer
    flags = os.O_RDONLY | os.O_CLOEXEC | (0 if pipes else os.O_NONBLOCK)
    try:
        with open(os.open(path, flags), "rb") as file:  # noqa: PTH123 - a path has no flags
            seen = os.fstat(file.fileno())
            if not pipes and not stat.S_ISREG(seen.st_mode):
                raise OSError(errno.EINVAL, "it is no regular file")  # noqa: TRY301 - as a folder raises here
            tag = f"{seen.st_mtime_ns:x}-{seen.st_size:x}-{seen.st_ino:x}"
            if etag == tag:
                return Fetched(b"", tag, not_modified=True)
            data = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise StoreError(StoreReason.NOT_FOUND, f"{show(uri)} is not there") from None
    except PermissionError:
        raise StoreError(StoreReason.FORBIDDEN, f"{show(uri)} may not be read") from None
    except OSError as error:
        raise StoreError(StoreReason.UNREACHABLE, f"{show(uri)} cannot be read: {error.strerror}") from None
    return Fetched(checked(data, uri, max_bytes, tag), tag)


def put_file(path: Path, uri: str, data: bytes) -> None:
    """Write a file beside its place and rename it, so that no reader sees a part. Raises StoreError."""
    part = path.with_name(f".{path.name[:60]}.{secrets.token_hex(4)}")
    try:
        try:
            with part.open("xb") as file:  # as readable as the umask lets it be
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreError(
            StoreReason.UNREACHABLE, f"{show(uri)} cannot be written: {error.strerror}"
        ) from None
