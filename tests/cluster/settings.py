"""Settings of kubelet, proxy, containerd, DNS, pod network and audit log of one cluster."""

import json

from cluster.place import Place

KUBELET = """apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: /{name}
failSwapOn: false
oomScoreAdj: 0
maxOpenFiles: 20000
enforceNodeAllocatable: [none]
containerRuntimeEndpoint: unix://{socket}
address: 0.0.0.0
authentication: {{anonymous: {{enabled: false}}, webhook: {{enabled: true}}, x509: {{clientCAFile: {D}/pki/ca.crt}}}}
resolvConf: {D}/resolv.conf
clusterDomain: cluster.local
clusterDNS: [{node}]
volumePluginDir: {D}/volumeplugins
podLogsDir: {D}/podlogs
imageGCHighThresholdPercent: 100
configMapAndSecretChangeDetectionStrategy: Watch
evictionHard: {{memory.available: 100Mi, nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%"}}
"""
PROXY = """apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: {pods}
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
  address = "{socket}"
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
COREFILE = """.:53 {{
  bind {node}
  errors
  kubernetes cluster.local {{
    kubeconfig {D}/pki/admin.kubeconfig
  }}
  cache 5
}}
"""
# Who did what to which object: what the operator may do is compared with what it did.
AUDIT = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata}]
"""


def write(place: Place) -> None:
    """All of them, into the cluster's folder."""
    facts = {
        "D": place.folder,
        "name": place.name,
        "node": place.node,
        "pods": place.pods,
        "socket": place.socket,
    }
    folder = place.folder
    (folder / "cni").mkdir(exist_ok=True)
    (folder / "cni" / "10-pods.conflist").write_text(json.dumps(_network(place)))
    (folder / "resolv.conf").write_text(f"nameserver {place.node}\n")
    (folder / "audit.yaml").write_text(AUDIT)
    (folder / "kubelet.yaml").write_text(KUBELET.format(**facts))
    (folder / "proxy.yaml").write_text(PROXY.format(**facts))
    (folder / "containerd.toml").write_text(CONTAINERD.format(**facts))
    (folder / "Corefile").write_text(COREFILE.format(**facts))


def _network(place: Place) -> dict[str, object]:
    pods = {
        "type": "ptp",
        "ipam": {
            "type": "host-local",
            "dataDir": f"{place.folder}/cnidata",
            "ranges": [[{"subnet": place.pods}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [pods, ports]}
