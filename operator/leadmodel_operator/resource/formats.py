"""Formats of texts in a spec: regular expressions, each with the sentence for a person whose text does not match."""

from typing import Self


class Form(str):
    """A regular expression with the sentence for a person whose text does not match it."""

    __slots__ = ("sentence",)
    sentence: str

    def __new__(cls, pattern: str, sentence: str) -> Self:
        """Attach the sentence to the expression; everything else sees a plain string."""
        form = super().__new__(cls, pattern)
        form.sentence = sentence
        return form

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        """Keep the sentence in copies."""
        return type(self), (str(self), self.sentence)


DURATION = Form(r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$", "must be a duration such as 30s or 1h30m")
QUANTITY = Form(
    r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$", "must be a quantity such as 250m, 1, 128Mi or 2Gi"
)
ENV_NAME = Form(
    r"^([-_a-zA-Z]|[.][-_a-zA-Z0-9])[-._a-zA-Z0-9]*$",
    "must be the name of an environment variable: letters, digits, -, _ and ., no digit first, no two dots first",
)
DIGEST = Form(r"^sha256:[0-9a-f]{64}$", "must be sha256: and 64 digits 0-9a-f, as leadmodel-train prints it")
URI = Form(
    r"^(s3|gs|az|https?|pvc|file)://[^\s\x00-\x1f\x7f]+$",
    "must start with s3://, gs://, az://, https://, http:// or pvc:// and hold no space and no control character",
)
_DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
NAME = Form(
    rf"^{_DNS_LABEL}([.]{_DNS_LABEL})*$",
    "must be the name of an object: lower-case letters, digits, - and . with a letter or digit at both ends of each part",
)
KEY = Form(r"^[-._a-zA-Z0-9]+$", "must be a key of the Secret or ConfigMap: letters, digits, -, _ and .")
_PREFIX, _PART = rf"{_DNS_LABEL}([.]{_DNS_LABEL})*/", "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_ANY_CASE_PREFIX = _PREFIX.replace("a-z", "A-Za-z")
LABEL_KEY = Form(
    rf"^({_PREFIX})?{_PART}$",
    "must have label keys such as team or example.org/team: up to 63 letters, digits, -, _ and . with a letter or digit at both ends",
)
ANNOTATION_KEY = Form(
    rf"^({_ANY_CASE_PREFIX})?{_PART}$",
    "must have annotation keys such as team or example.org/team: up to 63 letters, digits, -, _ and . with a letter or digit at both "
    "ends",
)
QUALIFIED_NAME = Form(
    rf"^({_PREFIX})?{_PART}$",
    "must be a key such as team or example.org/team: up to 63 letters, digits, -, _ and . with a letter or digit at both ends",
)
RESOURCE_NAME = Form(
    rf"^(cpu|memory|ephemeral-storage|hugepages-[0-9]+[KMGT]i|{_PREFIX}{_PART})$",
    "must name cpu, memory, ephemeral-storage, hugepages-SIZE or a resource with its domain, such as nvidia.com/gpu",
)
FIELD_PATH = Form(  # \x27 is the quote, which CEL's raw strings cannot hold
    r"^(metadata[.](name|namespace|uid)"
    rf"|metadata[.](labels\[\x27({_PREFIX})?|annotations\[\x27({_ANY_CASE_PREFIX})?){_PART}\x27\]"
    r"|spec[.](nodeName|serviceAccountName)|status[.](hostIPs?|podIPs?))$",
    "must be a field that a container can read: metadata.name, .namespace, .uid, .labels['KEY'] or .annotations['KEY'], "
    "spec.nodeName or .serviceAccountName, status.hostIP or .podIP",
)
IMAGE = Form(
    r"^[^\s\x00-\x1f\x7f$]+$",
    "must be an image reference without spaces, such as registry.example/leadmodel-predictor:1.0",
)
LABEL_VALUE = Form(
    r"^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
    "must be label values: up to 63 letters, digits, -, _ and . with a letter or digit at both ends",
)
COLUMN = Form(
    r"^[^,\x00-\x1f\x7f]+$",
    "must be names of columns without commas and control characters; rename a column that has one",
)
TIME_FORMAT = Form(
    r"^(unix|unix-ms|unix-us|[^%\x00-\x1f\x7f]*(%[aAbBcdfGHIjmMpSuUVwWxXyYzZ%][^%\x00-\x1f\x7f]*)+)$",
    "must be unix, unix-ms, unix-us or a format of Python's strptime, such as %d.%m.%Y %H:%M",
)
LANGUAGE = Form(r"^[a-z]{2,3}$", "must be codes of languages such as en or de")
PROVIDER = Form(
    r"^[A-Z][A-Za-z0-9]{0,11}$",
    "must be Twilio, SendGrid, WhatsApp, Console or the word of a provider of yours: 1 to 12 letters and digits, a capital first",
)
FOLLOW_UP_NAME = Form(
    r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$",
    "must be a name of 1 to 32 characters: a-z, 0-9 and -, with a letter or digit at both ends",
)
CLOCK = Form(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", "must be a time of day from 00:00 to 23:59, such as 09:00")
_HOST = r"[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?(:[0-9]{1,5})?(/[-A-Za-z0-9._~]+)*"
HTTPS_URL = Form(
    rf"^https://{_HOST}$",
    "must start with https:// and hold a host and maybe a path, with no / at the end, such as https://example.com/followups",
)
HTTP_URL = Form(
    rf"^https?://{_HOST}$",
    "must start with https:// or http:// and hold a host and maybe a path, with no / at the end",
)
LINK = Form(
    r"^https://[^\s\x00-\x1f\x7f\x22\x27<>]+$",
    "must start with https:// and hold no space and no quotation mark",
)
LINK_NAME = Form(
    r"^[a-z][a-z0-9_]{0,31}$",
    "must have names of links of 1 to 32 characters: a-z, 0-9 and _, a letter first",
)
