"""The processes of a cluster and their arguments: started in order, ended by id."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from cluster.build import CACHE
from cluster.place import Place, run

ETCD = "http://127.0.0.1:2379"
STARTED: list[subprocess.Popen[bytes]] = []  # kept: one that is collected warns that its process still runs
ENDING = ("proxy", "kubelet", "scheduler", "controller-manager", "coredns", "apiserver", "etcd")


def start(place: Place, name: str, *command: str) -> int:
    """Start a component in the node's network; its id is kept."""
    with (place.folder / "log" / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            place.inside(*command), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
        )
    STARTED.append(process)
    (place.folder / "pid" / name).write_text(str(process.pid))
    return process.pid


def wait(place: Place, what: str, *command: str, seconds: float = 180) -> None:
    """Until a command succeeds."""
    end = time.monotonic() + seconds
    while run(*command, check=False).returncode:
        if time.monotonic() > end:
            sys.exit(f"{what} did not come up within {seconds:.0f} s; see {place.folder}/log")
        time.sleep(0.2)


def start_all(place: Place, tools: Path) -> None:
    """Start everything in order."""
    kubectl = (str(tools / "kubectl"), f"--kubeconfig={place.kubeconfig}")
    start(place, "containerd", "containerd", "--config", f"{place.folder}/containerd.toml")
    start(place, "etcd", *etcd(place, tools))
    start(place, "apiserver", *apiserver(place, tools))
    wait(place, "the API server", *kubectl, "get", "--raw=/readyz")
    role = ("--clusterrole=system:node-proxier", "--user=system:kube-proxy")
    run(*kubectl, "create", "clusterrolebinding", "proxy", *role)
    start(place, "controller-manager", *controller_manager(place, tools))
    start(place, "scheduler", *scheduler(place, tools))
    pause_image(place)
    start(place, "kubelet", *kubelet(place, tools))
    start(place, "proxy", f"{tools}/kube-proxy", f"--config={place.folder}/proxy.yaml")
    start(place, "coredns", f"{tools}/coredns", "-conf", f"{place.folder}/Corefile")
    wait(place, "the node", *kubectl, "wait", "--for=condition=Ready", "node/node1", "--timeout=1s")


def etcd(place: Place, tools: Path) -> tuple[str, ...]:
    """Its command."""
    return (
        f"{tools}/server",
        f"--data-dir={place.folder}/etcd",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        "--listen-peer-urls=http://127.0.0.1:0",
        "--unsafe-no-fsync",
        "--logger=zap",
        "--log-level=error",
    )


def apiserver(place: Place, tools: Path) -> tuple[str, ...]:
    """Its command."""
    p = place.folder / "pki"
    return (
        f"{tools}/kube-apiserver",
        f"--etcd-servers={ETCD}",
        "--bind-address=0.0.0.0",
        f"--advertise-address={place.node}",
        "--secure-port=6443",
        f"--tls-cert-file={p}/apiserver.crt",
        f"--tls-private-key-file={p}/apiserver.key",
        f"--client-ca-file={p}/ca.crt",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        f"--service-cluster-ip-range={place.services}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={p}/sa.pub",
        f"--service-account-signing-key-file={p}/sa.key",
        "--enable-admission-plugins=NodeRestriction",
        f"--kubelet-client-certificate={p}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={p}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--shutdown-delay-duration=0s",
        f"--cert-dir={place.folder}/certdir",
        f"--audit-policy-file={place.folder}/audit.yaml",
        f"--audit-log-path={place.folder}/log/audit.log",
    )


def controller_manager(place: Place, tools: Path) -> tuple[str, ...]:
    """Its command."""
    p = place.folder / "pki"
    return (
        f"{tools}/kube-controller-manager",
        f"--kubeconfig={p}/controller-manager.kubeconfig",
        f"--service-account-private-key-file={p}/sa.key",
        f"--root-ca-file={p}/ca.crt",
        f"--cluster-signing-cert-file={p}/ca.crt",
        f"--cluster-signing-key-file={p}/ca.key",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--cluster-cidr={place.pods}",
        f"--cert-dir={place.folder}/certdir",
    )


def scheduler(place: Place, tools: Path) -> tuple[str, ...]:
    """Its command."""
    return (
        f"{tools}/kube-scheduler",
        f"--kubeconfig={place.folder}/pki/scheduler.kubeconfig",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--cert-dir={place.folder}/certdir",
    )


def kubelet(place: Place, tools: Path) -> tuple[str, ...]:
    """Its command."""
    return (
        f"{tools}/kubelet",
        f"--config={place.folder}/kubelet.yaml",
        f"--kubeconfig={place.folder}/pki/kubelet.kubeconfig",
        f"--root-dir={place.folder}/kubelet",
        f"--cert-dir={place.folder}/kubelet-pki",
        "--hostname-override=node1",
        f"--node-ip={place.node}",
    )


def import_image(place: Place, archive: Path) -> None:
    """Put an image into the cluster's containerd."""
    run(*place.ctr("images", "import", str(archive)))


def pause_image(place: Place) -> None:
    """The parent of every pod, from ten lines of C."""
    archive = CACHE / "pause.tar"
    if not archive.exists():
        binary = CACHE / "pause"
        run("gcc", "-static", "-Os", "-s", "-o", str(binary), str(Path(__file__).parent / "pause.c"))
        container = run("buildah", "from", "scratch").stdout.strip()
        run("buildah", "copy", container, str(binary), "/pause")
        run("buildah", "config", "--entrypoint", '["/pause"]', container)
        run("buildah", "commit", container, "localhost/pause:1")
        run("buildah", "push", "localhost/pause:1", f"oci-archive:{archive}:localhost/pause:1")
        run("buildah", "rm", container)
        run("buildah", "rmi", "localhost/pause:1")
    import_image(place, archive)


def stop(place: Place, name: str) -> None:
    """End one component and wait for it."""
    file = place.folder / "pid" / name
    if not file.exists():
        return
    pid = int(file.read_text())
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            break
        if _gone(pid, 10):
            break
    file.unlink()


def _gone(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                return True
        except ChildProcessError:
            state = Path(f"/proc/{pid}/stat")
            if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        time.sleep(0.05)
    return False
