"""What `helm test` runs: is the operator healthy, and does the API server serve LeadModels? Exit code 1 with a reason if not."""

import os
import ssl
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
SECONDS = 60.0


def ask(url: str, headers: dict[str, str] | None = None, context: ssl.SSLContext | None = None) -> str | None:
    """Return None when the address answers 200, else what is wrong."""
    try:
        request = urllib.request.Request(url, headers=headers or {})
        with urllib.request.urlopen(request, timeout=5, context=context) as answer:
            return None if answer.status == 200 else f"HTTP {answer.status}"
    except OSError as error:  # URLError and HTTPError are OSErrors
        return str(error)


def until(name: str, check: Callable[[], str | None]) -> bool:
    """Ask until the answer is good, for a minute at most; whether it became good."""
    end = time.monotonic() + SECONDS
    while (wrong := check()) is not None and time.monotonic() < end:
        time.sleep(1)
    print(f"{name}: {'ok' if wrong is None else wrong}", flush=True)
    return wrong is None


def definition() -> str | None:
    """Ask the API server for the version of the resource; None when it serves it."""
    headers = {"Authorization": f"Bearer {(ACCOUNT / 'token').read_text().strip()}"}
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    address = f"[{host}]" if ":" in host else host
    context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    return ask(f"https://{address}:{port}/apis/customerops.dev/v1alpha1", headers, context)


if __name__ == "__main__":
    healthy = until("the operator's /healthz", lambda: ask(sys.argv[1]))
    served = until("the definition of LeadModels", definition)
    sys.exit(0 if healthy and served else 1)
