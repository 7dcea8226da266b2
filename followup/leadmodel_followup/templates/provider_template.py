"""The part for WhatsApp: which approved template of the provider is meant, and the values for its places.

    {"name": "offer", "language": "en", "parameters": ["{{ name|default('there') }}"], "text": "Hello {{1}}, your offer is ready."}

`text` is the approved text as the provider shows it. It may be left out; with it, the preview shows the message and the number of
places is checked.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadmodel_followup.channels.channel import ProviderTemplate
from leadmodel_followup.templates.allow_list import Checked, checked
from leadmodel_followup.templates.errors import NotRendered, TemplateRefusedError
from leadmodel_followup.templates.places import check_places

_MAX_PARAMETERS, _MAX_TEXT = 16, 1024
_NAME = re.compile(r"[a-z0-9_]{1,512}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
_PLACE = re.compile(r"\{\{(\d{1,2})\}\}")
_KEYS = {"name", "language", "parameters", "text"}


@dataclass(frozen=True)
class ApprovedTemplate:
    """A provider's template with expressions for its places; `text` is empty where the file has none."""

    name: str
    language: str
    parameters: tuple[Checked, ...]
    text: str

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that the parameters use."""
        return frozenset().union(*(each.fields for each in self.parameters))

    def render(self, values: Mapping[str, str]) -> ProviderTemplate:
        """The template with its values.

        Raises:
            NotRendered: A value is empty or the values are too long, which the provider refuses.
        """
        rendered = tuple(" ".join(each.render(values).split()) for each in self.parameters)
        if not all(rendered):
            raise NotRendered("empty-parameter")
        if len(self.shown(rendered)) > _MAX_TEXT:
            raise NotRendered("too-long")
        return ProviderTemplate(self.name, self.language, rendered)

    def shown(self, parameters: tuple[str, ...]) -> str:
        """The approved text with the values in its places; without a text the values, one per line."""
        if not self.text:
            return "\n".join(parameters)
        return _PLACE.sub(lambda place: parameters[int(place[1]) - 1], self.text)


def read_approved(source: str) -> ApprovedTemplate:
    """Read the file of a provider's template.

    Raises:
        TemplateRefusedError: The file is no such JSON, or the number of parameters is not that of the places.
    """
    try:
        document = json.loads(source)
    except (ValueError, RecursionError):
        raise TemplateRefusedError("is not JSON") from None
    if not isinstance(document, dict) or (set(document) - _KEYS):
        raise TemplateRefusedError("must be an object with name, language, parameters and perhaps text")
    name, language, text = (
        _text(document, "name", _NAME),
        _text(document, "language", _LANGUAGE),
        document.get("text", ""),
    )
    wanted = document.get("parameters", [])
    if (
        not isinstance(wanted, list)
        or len(wanted) > _MAX_PARAMETERS
        or not all(isinstance(w, str) for w in wanted)
    ):
        raise TemplateRefusedError(f"parameters must be at most {_MAX_PARAMETERS} texts")
    if not isinstance(text, str) or len(text) > _MAX_TEXT:
        raise TemplateRefusedError(f"text must have at most {_MAX_TEXT} characters")
    places = {int(place) for place in _PLACE.findall(text)}
    if text and places != set(range(1, len(wanted) + 1)):
        raise TemplateRefusedError(f"text has {len(places)} places, and there are {len(wanted)} parameters")
    parameters = tuple(map(checked, wanted))
    for each in parameters:
        check_places(each.tree, html=False)
    return ApprovedTemplate(name, language, parameters, text)


def _text(document: dict[str, Any], key: str, pattern: re.Pattern[str]) -> str:
    value = document.get(key)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise TemplateRefusedError(f"{key} must be as the provider shows it: {pattern.pattern}")
    return value
