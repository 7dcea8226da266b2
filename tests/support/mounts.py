"""A ConfigMap as a pod sees it: files of a folder that kubelet swaps as a whole."""

from pathlib import Path


class Mount:
    """A mounted ConfigMap of one key: a file that is a link through `..data` into a folder, which is swapped as a whole."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.file, self._count = folder, name, folder / name, 0

    def write(self, data: bytes | None) -> None:
        """Swap the content for these bytes; None: the ConfigMap has no key."""
        self._count += 1
        version = self.folder / f"..version-{self._count}"
        version.mkdir()
        if data is not None:
            (version / self.name).write_bytes(data)
        link = self.folder / "..data_tmp"
        link.symlink_to(version.name)
        link.rename(self.folder / "..data")
        if data is None:
            self.file.unlink(missing_ok=True)
        elif not self.file.is_symlink():
            self.file.symlink_to(f"..data/{self.name}")
