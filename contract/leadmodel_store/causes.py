"""What went wrong between this program and a store, in sentences that go on after the URI and say what to do."""

REFUSED = "is not to be had: the connection was refused; check host and port"
NO_HOST = "is not to be had: no address is known for the host; check its name"
LATE = "gave no whole answer in time; another try follows"
BROKE_OFF = "broke off before the whole answer was there; another try follows"
NO_TLS = "is not to be had: the server speaks no TLS; if that is meant, write http:// instead of https://"
EXPIRED = "is not to be had: the server's certificate has expired; renew it there"
OTHER_NAME = "is not to be had: the server's certificate is for another host name; use that name"
TOO_EARLY = "is not to be had: the server's certificate is not valid yet; check both clocks"
UNTRUSTED = "is not to be had: the server's certificate is not trusted; name its authority in AWS_CA_BUNDLE or SSL_CERT_FILE"


def certificate(kind: str) -> str:
    """Tell why a server's certificate was not taken, from the TLS library's word for the kind of fault."""
    if kind.startswith("Expired"):
        return EXPIRED
    if kind.startswith("NotValidYet"):
        return TOO_EARLY
    if kind.startswith("NotValidForName"):
        return OTHER_NAME
    return UNTRUSTED


def answered(status: int, code: str = "") -> str:
    """Tell how a store answered that could not do its work."""
    shown = f"{status} {code}".rstrip()
    if status == 429 or code in {"SlowDown", "TooManyRequests", "ServerBusy", "Throttling"}:
        return f"answered {shown}: too many requests; another try follows"
    if status == 407:
        return f"was not asked: the proxy wants a login ({shown}); write it into the proxy's address"
    if status >= 500:
        return f"answered {shown}: the store itself is in trouble; another try follows"
    return f"answered {shown}"
