"""Names on which two programs must agree: the files of snapshots and of a share, and the account a pod runs under."""

from pathlib import Path

SNAPSHOT_FILE = "model.json.gz"  # key of mailbox and snapshot ConfigMaps, file where they are mounted
TEXT_FILE = "text.json.gz"  # key of the ConfigMaps of text models, file where they are mounted
CHALLENGER_FILE = "challenger.json.gz"  # key of the ConfigMap of a candidate, file where it is mounted
SHARE_FILE = (
    "share.json"  # key of the same ConfigMap, file in the same folder: the candidate's share of leads
)
SERVICE_ACCOUNT = Path(
    "/var/run/secrets/kubernetes.io/serviceaccount"
)  # where Kubernetes mounts token and ca.crt
