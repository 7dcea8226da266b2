"""Access by a kubeconfig, outside a pod: read by the official client, so that everything kubectl understands counts here too.

Only this module imports the official client; the operator's image does not hold that package.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from kubernetes.client import Configuration
from kubernetes.config.kube_config import KubeConfigLoader, KubeConfigMerger

from leadmodel_operator.kubernetes.apiserver.access import Access, AccessError

log = logging.getLogger("leadmodel")
SHORTEST, REREAD = timedelta(seconds=5), timedelta(seconds=60)
USED_SHARE = 0.8  # of a token's remaining life, before the operator asks for the next one
NEVER = datetime.max.replace(tzinfo=UTC)


def load(paths: str, clock: Callable[[], datetime]) -> Access:
    """Read the current context of the kubeconfig files in `paths`, which are separated as in KUBECONFIG.

    The environment's proxies are not used, as they never were; `proxy-url` of the cluster is.

    Raises:
        AccessError: no file exists, one is malformed, or the user's credentials cannot be had.
    """
    user = KubeconfigUser(paths, clock)
    proxy = user.configuration.proxy or None
    if proxy is not None and not proxy.startswith(("http://", "https://")):
        raise AccessError(f"proxy-url {proxy.partition(':')[0]}: only http and https proxies are supported")
    return Access(
        user.configuration.host, user.context, user, proxy, user.configuration.tls_server_name or None
    )


class KubeconfigUser:
    """Credentials of the current user: exec plugin, OIDC, token, token file, certificate or password, renewed before they expire.

    A renewed client certificate goes into the same TLS context, so that new connections use the new certificate.
    """

    def __init__(self, paths: str, clock: Callable[[], datetime]) -> None:
        self._paths, self._clock = paths, clock
        self._lock = asyncio.Lock()
        self._authorization, self._renew_at = "", NEVER
        self._read()
        self.context = ssl.create_default_context(cafile=self.configuration.ssl_ca_cert)
        if not self.configuration.verify_ssl:
            self.context.check_hostname = False
            self.context.verify_mode = ssl.CERT_NONE
        self._load_certificate()

    async def authorization(self) -> str:
        """Return the Authorization header's value, renewed first where that is due. A failed renewal keeps the old one."""
        async with self._lock:
            if self._clock() >= self._renew_at:
                await asyncio.to_thread(self._renew)
            return self._authorization

    def reject(self) -> None:
        """Renew at the next request, though not more often than every five seconds."""
        self._renew_at = min(self._renew_at, self._read_at + SHORTEST)

    def _renew(self) -> None:
        try:
            self._read()
            self._load_certificate()
        except (AccessError, OSError) as error:
            self._renew_at = self._clock() + SHORTEST
            log.warning("credentials were not renewed", extra={"fields": {"error": type(error).__name__}})

    def _read(self) -> None:
        """Take over what the files and the plugin say; on an error everything stays as it was."""
        self._read_at = self._clock()
        try:
            loader, configuration, user = self._load()
        except AccessError:
            raise
        except Exception as error:  # the loader raises what YAML, OAuth, HTTP and the plugin raise
            raise AccessError(f"the kubeconfig cannot be used: {type(error).__name__}: {error}") from error
        authorization = str(getattr(loader, "token", "")).strip()
        if {"exec", "auth-provider"} & user.keys() and not (authorization or configuration.cert_file):
            raise AccessError("the exec plugin or auth provider of the kubeconfig's user gave no credentials")
        self.configuration, self._authorization = configuration, authorization
        self._renew_at = self._next_renewal(getattr(loader, "expiry", None), user)

    def _load(self) -> tuple[KubeConfigLoader, Configuration, Mapping[str, Any]]:
        """Read all files, and run the exec plugin where the user has one; the third value is the user's section."""
        files = KubeConfigMerger(self._paths)  # type: ignore[no-untyped-call]  # the library's
        if files.config is None:
            raise AccessError(f"{self._paths} is not there: set KUBECONFIG, or run in a pod")
        loader = KubeConfigLoader(  # type: ignore[no-untyped-call]  # as above
            files.config, config_base_path=None, config_persister=files.save_changes
        )
        configuration = Configuration(proxy="", no_proxy="")
        loader.load_and_set(configuration)  # type: ignore[no-untyped-call]  # as above
        name = loader.current_context["context"].get("user")
        users = files.config["users"] if files.config.safe_get("users") else None
        section = users.get_with_name(name, safe=True) if users is not None and name else None
        return loader, configuration, dict(section["user"].value) if section is not None else {}

    def _next_renewal(self, expiry: datetime | None, user: Mapping[str, Any]) -> datetime:
        """Before the expiry if one is known, every minute where a file or provider may renew silently, else after a 401 only."""
        now = self._clock()
        if expiry is not None:
            return max(now + SHORTEST, now + (expiry - now) * USED_SHARE)
        return now + REREAD if {"tokenFile", "auth-provider"} & user.keys() else NEVER

    def _load_certificate(self) -> None:
        if self.configuration.cert_file:
            self.context.load_cert_chain(self.configuration.cert_file, self.configuration.key_file)
