"""The templates as the folder holds them now: a change of the ConfigMap takes effect without a restart."""

from dataclasses import dataclass, field
from pathlib import Path

from leadmodel_followup.templates.templates import Templates

_Stamp = tuple[int, int]


@dataclass
class LiveTemplates:
    """Templates of a folder; to be called for those of this moment."""

    folder: Path
    _seen: _Stamp | None = field(default=None, repr=False)
    _read: Templates | None = field(default=None, repr=False)

    def __call__(self) -> Templates:
        """The templates, read again where the folder changed.

        Raises:
            OSError: The folder cannot be read.
        """
        stamp = self._stamp()
        if self._read is None or stamp != self._seen:
            self._read, self._seen = Templates.from_folder(self.folder), stamp
        return self._read

    def _stamp(self) -> _Stamp:
        """What changes with the folder: Kubernetes puts a new folder in place of `..data`."""
        mounted = self.folder / "..data"
        seen = (mounted if mounted.exists() else self.folder).stat()
        return seen.st_ino, seen.st_mtime_ns
