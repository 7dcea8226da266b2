"""The example's templates in a folder, with settings that use all of them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from leadmodel_followup.settings.reading import parse
from leadmodel_followup.settings.settings import SCHEMA, Settings
from leadmodel_followup.templates.fields import Fields
from leadmodel_followup.templates.templates import Templates

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "crds" / "examples" / "followups-templates.yaml"
DOCUMENT: dict[str, Any] = {
    "schema": SCHEMA,
    "tenant": "sales",
    "plan": "conversion",
    "publicUrl": "https://follow.acme.example",
    "channels": [
        {"name": "sms", "provider": "Twilio", "from": "+15550100"},
        {"name": "email", "provider": "SendGrid", "from": "sales@acme.example"},
        {"name": "whatsapp", "provider": "WhatsApp", "phoneNumberId": "1"},
    ],
    "bands": [
        {
            "name": "warm",
            "minScore": 0.5,
            "steps": [
                {"name": "first", "after": "1h", "channel": "sms", "template": "hello"},
                {"name": "second", "after": "24h", "channel": "email", "template": "offer"},
                {"name": "third", "after": "90m", "channel": "sms", "template": "reminder"},
            ],
        },
        {
            "name": "hot",
            "minScore": 0.8,
            "steps": [{"name": "call", "after": "0s", "channel": "whatsapp", "template": "appointment"}],
        },
    ],
    "footer": "Acme & Sons, 1 Example Way",
    "links": {"booking": "https://acme.example/booking", "offer": "https://acme.example/offer?a=1&b=2"},
}


def example_files() -> dict[str, str]:
    """The texts of the example's ConfigMap by file name."""
    return yaml.safe_load(EXAMPLE.read_text())["data"]


def folder(path: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / name).write_bytes(text.encode(errors="surrogateescape"))
    return path


def templates(path: Path, **changed: str | None) -> Templates:
    """The example's templates with files changed or, by None, taken away; `__` in a name stands for a dot."""
    files = example_files() | {name.replace("__", "."): text for name, text in changed.items()}
    return Templates.from_folder(
        folder(path, {name: text for name, text in files.items() if text is not None})
    )


def settings(**changed: Any) -> Settings:
    """The settings with fields changed."""
    return replace(parse(json.dumps(DOCUMENT).encode()), **changed)


def fields(**changed: Any) -> Fields:
    """The fields of one message with some changed."""
    given = Fields(
        "Jane Miller", "Acme Ltd", "en", "lead-1", "https://follow.acme.example/u/token", "+15550100"
    )
    return replace(given, links=DOCUMENT["links"], **changed)
