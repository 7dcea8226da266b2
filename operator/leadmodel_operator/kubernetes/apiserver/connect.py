"""Which API server: the one of the pod's service account where there is one, else the one of a kubeconfig."""

import os
import ssl
from collections.abc import Callable
from datetime import datetime

from leadmodel_messages.places import SERVICE_ACCOUNT
from leadmodel_operator.kubernetes.apiserver.access import Access, AccessError, TokenFile

NO_CLIENT = (
    "a kubeconfig is read by the package kubernetes, which is not installed: pip install 'leadmodel[cli]'"
)


def find_access(clock: Callable[[], datetime]) -> Access:
    """Find the API server in the pod's account, in KUBECONFIG, or in ~/.kube/config.

    Raises:
        AccessError: there is none, or the kubeconfig cannot be used.
    """
    if (SERVICE_ACCOUNT / "token").exists() and "KUBECONFIG" not in os.environ:
        return _from_account()
    try:
        from leadmodel_operator.kubernetes.apiserver import kubeconfig
    except ImportError as error:
        raise AccessError(NO_CLIENT) from error
    return kubeconfig.load(os.environ.get("KUBECONFIG") or "~/.kube/config", clock)


def _from_account() -> Access:
    try:
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        context = ssl.create_default_context(cafile=str(SERVICE_ACCOUNT / "ca.crt"))
    except (KeyError, OSError) as error:
        raise AccessError(f"the pod's service account cannot be used: {error}") from error
    server = f"https://{f'[{host}]' if ':' in host else host}:{port}"
    return Access(server, context, TokenFile(SERVICE_ACCOUNT / "token"))
