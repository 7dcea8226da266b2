"""The images of this checkout in the cluster: built and imported where the cluster does not have them."""

import sys
import tempfile
from pathlib import Path

from cluster.build import CACHE
from cluster.components import import_image
from cluster.place import MOST, Place
from cluster.target import kind_load
from e2e.harness.cluster import IMAGES, PLACE, TARGET, locked, named, run

BASE = "localhost/base:bookworm"


def provide(tag: str) -> None:
    """Build the images of a tag and import them; one process of this machine at a time.

    Two checkouts with the same content have the same tag, and buildah's storage is the machine's: what one removes, the other imports.
    """
    with locked("images", CACHE) as shared:
        if TARGET.name == "kind":
            print(run("env", f"TAG={tag}", sys.executable, "images/images.py"))
            for image in IMAGES:
                kind_load(PLACE, named(image, tag))
            return
        if has_all(PLACE, tag):
            return
        if beside := [place for place in others() if has_all(place, tag)]:
            for image in IMAGES:
                copy_image(beside[0], PLACE, named(image, tag))
            return
        print(run("env", f"BASE={BASE}", f"TAG={tag}", sys.executable, "images/images.py"))
        for image in IMAGES:
            archive, name = shared / f"{image}.tar", named(image, tag)
            archive.unlink(missing_ok=True)
            run("buildah", "push", name, f"oci-archive:{archive}:{name}")
            import_image(PLACE, archive)
            run("buildah", "rmi", name)
            archive.unlink()
        run("buildah", "rmi", named("base", tag))


def has_all(place: Place, tag: str) -> bool:
    """Whether every image of a tag is in a cluster's containerd."""
    names = run(*place.ctr("images", "ls", "-q"), check=False)
    return all(f"{named(image, tag)}\n" in names for image in IMAGES)


def others() -> list[Place]:
    """Clusters of ours beside this one."""
    places = [Place(number) for number in range(MOST) if number != PLACE.number]
    return [place for place in places if place.kubeconfig.exists()]


def copy_image(source: Place, target: Place, name: str) -> None:
    """Copy an image from the containerd of one cluster to that of another."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "image.tar"
        run(*source.ctr("images", "export", str(archive), name))
        import_image(target, archive)
