"""A ConfigMap as a pod sees it: files of a folder that kubelet swaps as a whole."""

from pathlib import Path


class Mount:
    """A mounted ConfigMap: files that are links through `..data` into a folder, which is swapped as a whole."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.file, self._count = folder, name, folder / name, 0

    def write(self, data: bytes | None) -> None:
        """Swap the content for one file with these bytes; None: the ConfigMap has no key."""
        self.swap({} if data is None else {self.name: data})

    def swap(self, files: dict[str, bytes]) -> None:
        """Swap the content for these files, all at once."""
        self._count += 1
        version = self.folder / f"..version-{self._count}"
        version.mkdir()
        for name, data in files.items():
            (version / name).write_bytes(data)
        link = self.folder / "..data_tmp"
        link.symlink_to(version.name)
        link.rename(self.folder / "..data")
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        for path in self.folder.iterdir():
            if path.is_symlink() and path.name != "..data" and path.name not in files:
                path.unlink()
