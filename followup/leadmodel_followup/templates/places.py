"""Where a template puts its fields. What a lead wrote stands in text, never in a tag, an address or a style sheet.

So escaping is all that HTML needs: no value is read as an attribute, a script or the address of a link.
"""

import re
from collections.abc import Iterator
from itertools import groupby

from jinja2 import nodes

from leadmodel_followup.templates.errors import TemplateRefusedError

_TEXT, _TAG, _COMMENT, _STYLE = "text", "a tag", "a comment", "a style sheet"
_ENDS = {_COMMENT: re.compile("-->"), _STYLE: re.compile(r"</style", re.IGNORECASE)}
_TAG_TURN = re.compile("[>\"']")
_OPENING = re.compile(r"<(!--|[!?]|/?[a-zA-Z][a-zA-Z0-9]*|)")
_REFUSED = {"base", "embed", "form", "iframe", "object", "script"}


def check_places(tree: nodes.Template, *, html: bool) -> None:
    """Go through the literal text and the fields of a template in their order.

    Raises:
        TemplateRefusedError: A field stands where none may, or a tag is open at the end or in only one branch of a condition.
    """
    reader = _Html() if html else _Text()
    _read(tree.body, reader)
    reader.end()


def _read(body: list[nodes.Node], reader: "_Text") -> None:
    for node in body:
        if isinstance(node, nodes.Output):
            for is_data, parts in groupby(node.nodes, key=lambda part: isinstance(part, nodes.TemplateData)):
                if is_data:
                    reader.literal(
                        "".join(part.data for part in parts if isinstance(part, nodes.TemplateData))
                    )
                    continue
                for part in parts:
                    reader.field(part.lineno, _is_link(part))
        elif isinstance(node, nodes.If):
            before = reader.place
            for branch in _branches(node):
                _read(branch, reader)
                if reader.place != before:
                    raise TemplateRefusedError(f"line {node.lineno}: a branch ends inside {reader.place[0]}")


def _branches(node: nodes.If) -> Iterator[list[nodes.Node]]:
    yield node.body
    for other in node.elif_:
        yield other.body
    yield node.else_


def _is_link(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Name) and (node.name == "unsubscribe" or node.name.startswith("link_"))


class _Text:
    """Plain text: no field inside an address that stands in the text."""

    place: tuple[str, str] = (_TEXT, "")

    def __init__(self) -> None:
        self._address = ""  # the text since the last blank

    def literal(self, text: str) -> None:
        """Read literal text."""
        words = text.rsplit(maxsplit=1)
        last = words[-1] if words and not text[-1].isspace() else ""
        self._address = (self._address + last if last == text else last)[-2000:]

    def field(self, line: int, is_link: bool) -> None:
        """Read a field: a link, or a value that may be a lead's."""
        if "://" in self._address and not is_link:
            raise TemplateRefusedError(
                f"line {line}: a field stands in an address; give a link in the settings"
            )
        if is_link:
            self._address += "://"

    def end(self) -> None:
        """Read the end of the template."""


class _Html(_Text):
    """HTML: fields in text, links in quoted attributes besides."""

    def __init__(self) -> None:
        super().__init__()
        self._quote, self._tag, self._where = "", "", _TEXT

    @property
    def place(self) -> tuple[str, str]:  # type: ignore[override]  # the state, where plain text has but one
        """Where the reader stands, and inside which quotes."""
        return self._where, self._quote

    def literal(self, text: str) -> None:
        """Read literal HTML from where the last piece ended."""
        at = 0
        while at < len(text):
            if self._where == _TEXT:
                at = self._in_text(text, at)
            elif self._where == _TAG:
                at = self._in_tag(text, at)
            else:
                end = _ENDS[self._where].search(text, at)
                at = end.end() if end else len(text)
                if end:
                    self._where = _TEXT if self._where == _COMMENT else _TAG
                    self._tag = "/style"

    def field(self, line: int, is_link: bool) -> None:
        """Read a field."""
        if self._where == _TEXT:
            super().field(line, is_link)
        elif not (is_link and self._quote):
            raise TemplateRefusedError(
                f"line {line}: a field stands in {self._where}; only links may, in quotes"
            )

    def end(self) -> None:
        """Read the end of the template."""
        if self._where != _TEXT:
            raise TemplateRefusedError(f"ends inside {self._where}")

    def _in_text(self, text: str, at: int) -> int:
        opening = text.find("<", at)
        if opening != at:
            super().literal(text[at : len(text) if opening < 0 else opening])
        if opening < 0:
            return len(text)
        found = _OPENING.match(text, opening)
        self._tag = found[1].lower() if found else ""
        if self._tag.lstrip("/") in _REFUSED:
            raise TemplateRefusedError(f"has the element {self._tag}, which mail programs drop")
        self._where = _COMMENT if self._tag == "!--" else _TAG
        return opening + 1 + len(self._tag)

    def _in_tag(self, text: str, at: int) -> int:
        if self._quote:
            end = text.find(self._quote, at)
            self._quote = self._quote if end < 0 else ""
            return len(text) if end < 0 else end + 1
        turn = _TAG_TURN.search(text, at)
        if turn is None:
            return len(text)
        if turn[0] == ">":
            self._where = _STYLE if self._tag == "style" else _TEXT
        elif self._tag in {"!", "?"}:
            return turn.end()
        elif text[at : turn.start()].rstrip().endswith("="):
            self._quote = turn[0]
        else:
            raise TemplateRefusedError("has a quotation mark in a tag without = before the mark")
        return turn.end()
