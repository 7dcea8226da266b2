"""A second cluster of ours beside the tests' own: its components may be stopped and its etcd lost, and nobody else notices."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cluster.build import CACHE, bin_dir
from cluster.components import ENDING, start_all, stop
from cluster.place import Place, spare
from e2e.harness.cluster import PLACE, locked, named, released, run
from e2e.harness.images import copy_image

NEEDED = ("operator", "predictor")


@contextmanager
def second_cluster(tag: str) -> Iterator[Place]:
    """Bring up a cluster with the images of this tag, under the names of a release too, until the end of the block."""
    with ExitStack() as stack:
        with locked("cluster", CACHE):  # a place is spare until its cluster is up
            place = spare()
            command = ("env", f"LEADMODEL_CLUSTER={place.number}", sys.executable, "tests/cluster/cluster.py")
            stack.callback(run, *command, "down")
            print(run(*command, "up"))
        copy_images(place, tag)
        yield place


def copy_images(place: Place, tag: str) -> None:
    """Copy images from the containerd of the tests' own cluster."""
    for image in NEEDED:
        copy_image(PLACE, place, named(image, tag))
        released(place, image, tag)


def stop_components(place: Place) -> None:
    """End every component, as a power cut of the control plane does; containers of pods run on."""
    for name in (*ENDING, "containerd"):
        stop(place, name)


def start_with_empty_etcd(place: Place) -> None:
    """Start every component after etcd's folder was deleted."""
    data = Path(place.folder / "etcd")
    assert data.is_dir()
    shutil.rmtree(data)
    start_all(place, bin_dir())
