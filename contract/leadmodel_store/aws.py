"""How to log in to S3, and to every store that speaks the same language."""

from urllib.parse import urlsplit, urlunsplit

from leadmodel_store.login import NOTHING, Login, Way, filled
from leadmodel_store.variables import SettingError, Variables

_NOBODY = "name a Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the pod a role"


def login(variables: Variables, bucket: str, region: str = "") -> Login:
    """Choose the login for a bucket; `region` counts where no variable names one. Raises SettingError."""
    region = variables.word("AWS_REGION", "AWS_DEFAULT_REGION") or region
    endpoint = _endpoint(variables, bucket, region)
    place = filled(
        endpoint=endpoint,
        region=region,
        virtual_hosted_style_request=variables.flag("AWS_VIRTUAL_HOSTED_STYLE_REQUEST"),
        request_payer=variables.flag("AWS_REQUEST_PAYER"),
        unsigned_payload=variables.flag("AWS_UNSIGNED_PAYLOAD"),
        s3_express=variables.flag("AWS_S3_EXPRESS"),
        checksum_algorithm=variables.word("AWS_CHECKSUM_ALGORITHM"),
        **_encryption(variables),
    )
    plain = variables.flag("AWS_ALLOW_HTTP") or endpoint.startswith("http://")
    return Login(
        _way(variables, region), place, variables.certificate("AWS_CA_BUNDLE", "SSL_CERT_FILE"), plain
    )


def _endpoint(variables: Variables, bucket: str, region: str) -> str:
    """The endpoint, with the bucket in its host where the store wants that."""
    endpoint = variables.url("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT").rstrip("/")
    if not endpoint and region.startswith("cn-"):
        endpoint = f"https://s3.{region}.amazonaws.com.cn"
    parts = urlsplit(endpoint)
    in_host = variables.flag("AWS_VIRTUAL_HOSTED_STYLE_REQUEST")
    if endpoint and in_host and not parts.netloc.startswith(f"{bucket}."):
        return urlunsplit(parts._replace(netloc=f"{bucket}.{parts.netloc}"))
    return endpoint


def _encryption(variables: Variables) -> dict[str, str]:
    return filled(
        server_side_encryption=variables.word("AWS_SERVER_SIDE_ENCRYPTION"),
        sse_kms_key_id=variables.word("AWS_SSE_KMS_KEY_ID"),
        sse_bucket_key_enabled=variables.flag("AWS_SSE_BUCKET_KEY_ENABLED"),
        sse_customer_key_base64=variables.word("AWS_SSE_CUSTOMER_KEY_BASE64"),
    )


def _way(variables: Variables, region: str) -> Way:
    if variables.flag("AWS_SKIP_SIGNATURE"):
        return Way("no login (AWS_SKIP_SIGNATURE)", {"skip_signature": "true"}, "the bucket is not public")
    ways = (_key(variables), _web_identity(variables, region), _container(variables))
    return next((way for way in ways if way is not None), None) or _machine(variables)


def _key(variables: Variables) -> Way | None:
    key, secret = variables.word("AWS_ACCESS_KEY_ID"), variables.word("AWS_SECRET_ACCESS_KEY")
    if bool(key) != bool(secret):
        raise SettingError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are needed together")
    token = variables.word("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
    settings = filled(access_key_id=key, secret_access_key=secret, session_token=token)
    return Way("the key of AWS_ACCESS_KEY_ID", settings) if key else None


def _web_identity(variables: Variables, region: str) -> Way | None:
    """The role of the pod's service account, exchanged for keys by the token service."""
    role, file = variables.word("AWS_ROLE_ARN"), "AWS_WEB_IDENTITY_TOKEN_FILE"
    if not role or not variables.word(file):
        return None
    service = variables.url("AWS_ENDPOINT_URL_STS")
    if not service and region.startswith("cn-"):
        service = f"https://sts.{region}.amazonaws.com.cn"
    settings = filled(
        role_arn=role,
        web_identity_token_file=variables.file(file),
        role_session_name=variables.word("AWS_ROLE_SESSION_NAME") or "leadmodel",
        aws_endpoint_url_sts=service,
    )
    return Way("the role of AWS_ROLE_ARN", settings, "check the role and whom it trusts", asks=True)


def _container(variables: Variables) -> Way | None:
    """The identity of a pod or a task, given by an agent on the machine."""
    if relative := variables.word("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        settings = {"container_credentials_relative_uri": relative}
        return Way("the task's role", settings, "check the role of the task", asks=True)
    full, file = variables.url("AWS_CONTAINER_CREDENTIALS_FULL_URI"), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
    if not full or not variables.word(file):
        return None
    settings = filled(
        container_credentials_full_uri=full, container_authorization_token_file=variables.file(file)
    )
    return Way("the pod's identity", settings, "check what the service account is associated with", asks=True)


def _machine(variables: Variables) -> Way:
    if variables.flag("AWS_EC2_METADATA_DISABLED"):
        raise SettingError(f"{NOTHING}; {_NOBODY}")
    settings = filled(
        metadata_endpoint=variables.url("AWS_EC2_METADATA_SERVICE_ENDPOINT", "AWS_METADATA_ENDPOINT"),
        imdsv1_fallback=variables.flag("AWS_IMDSV1_FALLBACK"),
    )
    return Way("the machine's role", settings, _NOBODY, asks=True, assumed=True)
