"""The images of this checkout in the cluster: built and imported where the cluster does not have them."""

import sys

from cluster.build import CACHE
from cluster.components import import_image
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
        names = run(*PLACE.ctr("images", "ls", "-q"))
        if all(f"{named(image, tag)}\n" in names for image in IMAGES):
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
