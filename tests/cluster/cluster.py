"""A real one-node Kubernetes where there is none: `python tests/cluster/cluster.py up|down|status`.

With KUBECONFIG set that cluster is taken and nothing is made. Else, as root on Debian with Go, the components run as plain
processes in a network namespace of their own; `down` ends exactly those, by id, and removes what they left.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from build import CACHE, build
from pki import Pki

D = CACHE / "cluster"
NS, HOST, NODE = "leadmodel-node", "172.31.255.1", "172.31.255.2"
PODS, SERVICES = "10.244.0.0/24", "10.96.0.0/16"
KUBECONFIG = D / "pki" / "admin.kubeconfig"
PACKAGES = (
    "containerd",
    "runc",
    "containernetworking-plugins",
    "buildah",
    "debootstrap",
    "iptables",
    "iproute2",
    "conntrack",
)
TOOLS = ("containerd", "runc", "buildah", "debootstrap", "iptables", "ip", "conntrack")


def run(*command: str, check: bool = True, quiet: bool = True) -> subprocess.CompletedProcess[str]:
    """A command, to its end."""
    found = subprocess.run(command, check=False, text=True, capture_output=quiet)
    if check and found.returncode:
        sys.exit(f"{' '.join(command)} failed: {(found.stderr or '').strip()[-600:]}")
    return found


def inside(*command: str) -> list[str]:
    """The command, in the node's network; the cgroups stay visible."""
    return ["nsenter", f"--net=/run/netns/{NS}", *command]


def packages() -> None:
    """What Debian has and this machine lacks."""
    if (
        all(shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin") for tool in TOOLS)
        and Path("/usr/lib/cni/ptp").exists()
    ):
        return
    print("installing " + " ".join(PACKAGES), flush=True)
    run("apt-get", "update")
    run(
        "env",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "install",
        "-y",
        "--no-install-recommends",
        *PACKAGES,
    )


def network() -> None:
    """A namespace with a link to this machine, and routes to pods and services."""
    run("ip", "netns", "add", NS)
    run("ip", "link", "add", "lmn0", "type", "veth", "peer", "name", "lmn1", "netns", NS)
    run("ip", "addr", "add", f"{HOST}/30", "dev", "lmn0")
    run("ip", "link", "set", "lmn0", "up")
    for command in (
        ("ip", "link", "set", "lo", "up"),
        ("ip", "addr", "add", f"{NODE}/30", "dev", "lmn1"),
        ("ip", "link", "set", "lmn1", "up"),
        ("ip", "route", "add", "default", "via", HOST),
        ("sysctl", "-qw", "net.ipv4.ip_forward=1"),
    ):
        run(*inside(*command))
    for where in ("10.244.0.0/24", SERVICES):
        run("ip", "route", "replace", where, "via", NODE)


def files() -> None:
    """Settings of kubelet, proxy, containerd and DNS."""
    (D / "cni").mkdir(exist_ok=True)
    plugin = {
        "type": "ptp",
        "ipam": {
            "type": "host-local",
            "dataDir": f"{D}/cnidata",
            "ranges": [[{"subnet": PODS}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    (D / "cni" / "10-pods.conflist").write_text(
        json.dumps({"cniVersion": "0.4.0", "name": "pods", "plugins": [plugin, ports]})
    )
    (D / "resolv.conf").write_text(f"nameserver {NODE}\n")
    (D / "audit.yaml").write_text(
        "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n"
    )
    (D / "kubelet.yaml").write_text(KUBELET.format(D=D, NODE=NODE))
    (D / "proxy.yaml").write_text(PROXY.format(D=D))
    (D / "containerd.toml").write_text(CONTAINERD.format(D=D))
    corefile = f".:53 {{\n  bind {NODE}\n  errors\n  kubernetes cluster.local {{\n    kubeconfig {KUBECONFIG}\n  }}\n  cache 5\n}}\n"
    (D / "Corefile").write_text(corefile)


KUBELET = """apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
failSwapOn: false
oomScoreAdj: 0
maxOpenFiles: 20000
enforceNodeAllocatable: [none]
containerRuntimeEndpoint: unix://{D}/containerd.sock
address: 0.0.0.0
authentication: {{anonymous: {{enabled: false}}, webhook: {{enabled: true}}, x509: {{clientCAFile: {D}/pki/ca.crt}}}}
resolvConf: {D}/resolv.conf
clusterDomain: cluster.local
clusterDNS: [{NODE}]
volumePluginDir: {D}/volumeplugins
imageGCHighThresholdPercent: 100
configMapAndSecretChangeDetectionStrategy: Watch
evictionHard: {{memory.available: 100Mi, nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%"}}
"""
PROXY = """apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: 10.244.0.0/16
hostnameOverride: node1
oomScoreAdj: 0
clientConnection: {{kubeconfig: {D}/pki/proxy.kubeconfig}}
conntrack: {{maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}}
iptables: {{minSyncPeriod: 0s, localhostNodePorts: false}}
"""
CONTAINERD = """version = 2
root = "{D}/cd/root"
state = "{D}/cd/state"
[grpc]
  address = "{D}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "localhost/pause:1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{D}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
"""


def start(name: str, *command: str) -> int:
    """Start a component in the node's network; its id is kept."""
    log = (D / "log" / f"{name}.log").open("ab")
    process = subprocess.Popen(
        inside(*command), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
    )
    (D / "pid" / name).write_text(str(process.pid))
    return process.pid


def wait(what: str, *command: str, seconds: float = 60) -> None:
    """Until a command succeeds."""
    end = time.monotonic() + seconds
    while run(*command, check=False).returncode:
        if time.monotonic() > end:
            sys.exit(f"{what} did not come up within {seconds:.0f} s; see {D}/log")
        time.sleep(0.2)


def up() -> None:
    """Bring the cluster up; nothing to do where it is up."""
    if given := os.environ.get("KUBECONFIG"):
        print(f"using the cluster of KUBECONFIG={given}")
        return
    if is_up():
        print(f"already up\nexport KUBECONFIG={KUBECONFIG}")
        return
    if os.geteuid() != 0 or not shutil.which("go") or not shutil.which("apt-get"):
        sys.exit(
            "no cluster: set KUBECONFIG to one, or run as root on Debian with Go, where one is built and started"
        )
    down()
    packages()
    tools = build()
    for folder in ("pid", "log", "pki", "volumeplugins"):
        (D / folder).mkdir(parents=True, exist_ok=True)
    Pki(D / "pki", f"https://{NODE}:6443", ("127.0.0.1", "10.96.0.1", NODE)).make()
    files()
    network()
    components(tools)
    print(f"up\nexport KUBECONFIG={KUBECONFIG}\nexport PATH={tools}:$PATH")


def components(tools: Path) -> None:
    """Start everything in order."""
    p, kubectl = D / "pki", (str(tools / "kubectl"), f"--kubeconfig={KUBECONFIG}")
    start("containerd", "containerd", "--config", f"{D}/containerd.toml")
    etcd = "http://127.0.0.1:2379"
    peers = (
        "--listen-peer-urls",
        "http://127.0.0.1:0",
        "--unsafe-no-fsync",
        "--logger=zap",
        "--log-level=error",
    )
    start(
        "etcd",
        f"{tools}/server",
        "--data-dir",
        f"{D}/etcd",
        "--listen-client-urls",
        etcd,
        "--advertise-client-urls",
        etcd,
        *peers,
    )
    start(
        "apiserver",
        f"{tools}/kube-apiserver",
        f"--etcd-servers={etcd}",
        "--bind-address=0.0.0.0",
        f"--advertise-address={NODE}",
        "--secure-port=6443",
        f"--tls-cert-file={p}/apiserver.crt",
        f"--tls-private-key-file={p}/apiserver.key",
        f"--client-ca-file={p}/ca.crt",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        f"--service-cluster-ip-range={SERVICES}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={p}/sa.pub",
        f"--service-account-signing-key-file={p}/sa.key",
        "--enable-admission-plugins=NodeRestriction",
        f"--kubelet-client-certificate={p}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={p}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--shutdown-delay-duration=0s",
        f"--cert-dir={D}/certdir",
        f"--audit-policy-file={D}/audit.yaml",
        f"--audit-log-path={D}/log/audit.log",
    )
    wait("the API server", *kubectl, "get", "--raw=/readyz")
    for name, user in (("proxy", "system:kube-proxy"),):
        run(
            *kubectl,
            "create",
            "clusterrolebinding",
            name,
            "--clusterrole=system:node-proxier",
            f"--user={user}",
        )
    start(
        "controller-manager",
        f"{tools}/kube-controller-manager",
        f"--kubeconfig={p}/controller-manager.kubeconfig",
        f"--service-account-private-key-file={p}/sa.key",
        f"--root-ca-file={p}/ca.crt",
        f"--cluster-signing-cert-file={p}/ca.crt",
        f"--cluster-signing-key-file={p}/ca.key",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--cluster-cidr=10.244.0.0/16",
        f"--cert-dir={D}/certdir",
    )
    start(
        "scheduler",
        f"{tools}/kube-scheduler",
        f"--kubeconfig={p}/scheduler.kubeconfig",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        f"--cert-dir={D}/certdir",
    )
    pause_image()
    start(
        "kubelet",
        f"{tools}/kubelet",
        f"--config={D}/kubelet.yaml",
        f"--kubeconfig={p}/kubelet.kubeconfig",
        f"--root-dir={D}/kubelet",
        f"--cert-dir={D}/kubelet-pki",
        "--hostname-override=node1",
        f"--node-ip={NODE}",
    )
    start("proxy", f"{tools}/kube-proxy", f"--config={D}/proxy.yaml")
    start("coredns", f"{tools}/coredns", "-conf", f"{D}/Corefile")
    wait("the node", *kubectl, "wait", "--for=condition=Ready", "node/node1", "--timeout=1s")


def import_image(archive: Path) -> None:
    """Put an image into the cluster's containerd."""
    run("ctr", "-a", f"{D}/containerd.sock", "-n", "k8s.io", "images", "import", str(archive))


def pause_image() -> None:
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
    import_image(archive)


# --- down ---------------------------------------------------------------------------------------------------------------------


def is_up() -> bool:
    """Whether the API server of ours answers."""
    if not KUBECONFIG.exists() or not (D / "pid" / "apiserver").exists():
        return False
    kubectl = build() / "kubectl"
    return (
        run(
            str(kubectl),
            f"--kubeconfig={KUBECONFIG}",
            "get",
            "--raw=/readyz",
            "--request-timeout=2s",
            check=False,
        ).returncode
        == 0
    )


def down() -> None:
    """End what `up` started, by id, and remove what it left."""
    if os.environ.get("KUBECONFIG") and not (D / "pid").exists():
        print("KUBECONFIG names a cluster that is not ours; nothing to stop")
        return
    if not D.exists():
        return
    if is_up():
        kubectl = (str(build() / "kubectl"), f"--kubeconfig={KUBECONFIG}")
        for kinds in ("leadmodels", "deploy,job,cronjob,pod"):
            run(
                *kubectl,
                "delete",
                kinds,
                "--all",
                "-A",
                "--grace-period=1",
                "--wait",
                "--timeout=40s",
                check=False,
            )
    for name in ("proxy", "kubelet", "scheduler", "controller-manager", "coredns", "apiserver", "etcd"):
        stop(name)
    end_containers()
    stop("containerd")
    clean()


def stop(name: str) -> None:
    """End one component and wait for it."""
    file = D / "pid" / name
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


def end_containers() -> None:
    """Tasks that outlived the kubelet."""
    ctr = ("ctr", "-a", f"{D}/containerd.sock", "-n", "k8s.io")
    for task in run(*ctr, "tasks", "ls", "-q", check=False).stdout.split():
        run(*ctr, "tasks", "kill", "-s", "SIGKILL", task, check=False)
        run(*ctr, "tasks", "rm", "-f", task, check=False)
    for container in run(*ctr, "containers", "ls", "-q", check=False).stdout.split():
        run(*ctr, "containers", "rm", container, check=False)


def clean() -> None:
    """Mounts, cgroups, the namespace, the folder."""
    mounts = [
        line.split()[1]
        for line in Path("/proc/mounts").read_text().splitlines()
        if line.split()[1].startswith(str(D))
    ]
    for mount in sorted(mounts, key=len, reverse=True):
        run("umount", "-l", mount, check=False)
    for folder in Path("/sys/fs/cgroup").glob("*/kubepods"):
        run("find", str(folder), "-depth", "-type", "d", "-exec", "rmdir", "{}", ";", check=False)
    if Path("/sys/fs/cgroup/kubepods").exists():
        run(
            "find",
            "/sys/fs/cgroup/kubepods",
            "-depth",
            "-type",
            "d",
            "-exec",
            "rmdir",
            "{}",
            ";",
            check=False,
        )
    if Path(f"/run/netns/{NS}").exists():
        run("ip", "netns", "del", NS, check=False)
    shutil.rmtree(D, ignore_errors=True)


if __name__ == "__main__":
    {"up": up, "down": down, "status": lambda: print("up" if is_up() else "down")}[sys.argv[1]]()
