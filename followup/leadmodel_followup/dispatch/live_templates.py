"""The templates as the folder holds them now: a change of the ConfigMap takes effect without a restart."""

from dataclasses import dataclass, field
from pathlib import Path

from leadmodel_followup.templates.templates import Templates

_Stamp = tuple[int, int]


@dataclass
class LiveTemplates:
    """Templates of a folder; to be called for those of this moment, by any thread."""

    folder: Path
    _read: tuple[_Stamp, Templates] | None = field(default=None, repr=False)

    def __call__(self) -> Templates:
        """The templates, read again where the folder changed.

        Raises:
            OSError: The folder cannot be read.
        """
        stamp, read = self._stamp(), self._read
        if read is None or read[0] != stamp:
            read = self._read = stamp, Templates.from_folder(self.folder)
        return read[1]

    def _stamp(self) -> _Stamp:
        """What changes with the folder: Kubernetes puts a new folder in place of `..data`."""
        mounted = self.folder / "..data"
        seen = (mounted if mounted.exists() else self.folder).stat()
        return seen.st_ino, seen.st_mtime_ns
