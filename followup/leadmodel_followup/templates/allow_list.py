"""What a template may do, checked in its syntax tree before anything is compiled, because compiling already computes constants.

Jinja2's sandbox alone ends neither `{{ 'x' * 10**9 }}` nor a wide format. Here a template may name fields, choose by them and give
them to a few filters: nothing grows, nothing repeats, nothing is called.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes
from jinja2.filters import do_capitalize, do_lower, do_title, do_trim, do_truncate, do_upper
from jinja2.sandbox import ImmutableSandboxedEnvironment

from leadmodel_followup.templates.errors import NotRendered, TemplateRefusedError
from leadmodel_messages.texts import one_line

MAX_SOURCE = 65_536  # bytes
MAX_RESULT = 200_000  # characters
MAX_TOKENS = 700
MAX_DEPTH = 16
_FIELDS = frozenset({"name", "company", "language", "lead", "unsubscribe", "sender"})
_LINK = re.compile(r"link_[a-z0-9_]{1,40}")
# characters that show a text in another order than its own, and controls
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_PLAIN = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.CondExpr,
    nodes.And,
    nodes.Or,
    nodes.Not,
)
_USAGE = "default('…'), truncate(4 to 1000), capitalize, lower, title, trim, upper"
_COMPARISONS = {"eq", "ne", "in", "notin"}


def _default(value: str, other: str, _: bool = True) -> str:
    """The value, or where it is empty the other one: fields are always there, so an empty one is what is missing."""
    return value or other


FILTERS: dict[str, Callable[..., Any]] = {
    "capitalize": do_capitalize,
    "default": _default,
    "lower": do_lower,
    "title": do_title,
    "trim": do_trim,
    "truncate": do_truncate,
    "upper": do_upper,
}


def _environment(*, html: bool) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=html,
        auto_reload=False,
        cache_size=0,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters = dict(FILTERS)
    made.tests, made.globals = {}, {}
    made.policies["truncate.leeway"] = 0  # at most as long as the author wrote
    return made


_TEXT, _HTML = _environment(html=False), _environment(html=True)


@dataclass(frozen=True)
class Checked:
    """A template that passed the list.

    Attributes:
        tree: The syntax tree.
        fields: Names of the fields that the template uses.
        template: The compiled template.
    """

    tree: nodes.Template
    fields: frozenset[str]
    template: Template

    def render(self, values: Mapping[str, str]) -> str:
        """The text with its values.

        Raises:
            NotRendered: A field is missing, or the text is longer than MAX_RESULT; what was made until then is dropped.
        """
        parts, length = [], 0
        for part in self._pieces(values):
            length += len(part)
            if length > MAX_RESULT:
                raise NotRendered("too-long")
            parts.append(part)
        return "".join(parts)

    def _pieces(self, values: Mapping[str, str]) -> Iterator[str]:
        try:
            yield from self.template.generate(values)
        except Exception:  # noqa: BLE001  # an exception of Jinja2 quotes values
            raise NotRendered("field-missing") from None


def checked(source: str, *, html: bool = False) -> Checked:
    """Parse, check and compile a template. Autoescape is on for HTML only.

    Raises:
        TemplateRefusedError: The source is too large, cannot be read, or does more than the list allows.
    """
    environment = _HTML if html else _TEXT
    tree = _tree(environment, source)
    fields = set()
    for node, depth in _walk(tree):
        if depth > MAX_DEPTH:
            raise TemplateRefusedError(f"is nested deeper than {MAX_DEPTH}")
        _check(node)
        if isinstance(node, nodes.Name):
            fields.add(node.name)
    return Checked(tree, frozenset(fields), environment.from_string(tree))


def _tree(environment: ImmutableSandboxedEnvironment, source: str) -> nodes.Template:
    if len(source) > MAX_SOURCE or len(source.encode(errors="replace")) > MAX_SOURCE:
        raise TemplateRefusedError(f"is longer than {MAX_SOURCE} bytes")
    if unseen := _UNSEEN.search(source):
        raise TemplateRefusedError(f"has the invisible character U+{ord(unseen[0]):04X}")
    try:
        tokens = sum(1 for _ in islice(environment.lexer.tokeniter(source, None), MAX_TOKENS + 1))
        tree = environment.parse(source) if tokens <= MAX_TOKENS else None
    except TemplateSyntaxError as error:
        raise TemplateRefusedError(f"line {error.lineno}: {one_line(error.message or '', 80)}") from None
    except RecursionError:
        raise TemplateRefusedError(f"is nested deeper than {MAX_DEPTH}") from None
    except ValueError:
        raise TemplateRefusedError("has a number that cannot be read") from None
    if tree is None:
        raise TemplateRefusedError(f"has more than {MAX_TOKENS} words of template language")
    return tree


def _walk(tree: nodes.Template) -> Iterator[tuple[nodes.Node, int]]:
    waiting: list[tuple[nodes.Node, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += [(child, depth + 1) for child in node.iter_child_nodes() if not _is_setting(node, child)]


def _is_setting(node: nodes.Node, child: nodes.Node) -> bool:
    """A constant argument that the check of its filter has read."""
    return isinstance(node, nodes.Filter) and isinstance(child, nodes.Const) and child is not node.node


def _check(node: nodes.Node) -> None:
    """Refuse a node that is not on the list, with its line."""
    match node:
        case nodes.Name():
            fits = node.ctx == "load" and (node.name in _FIELDS or _LINK.fullmatch(node.name) is not None)
            what = f"names no field: {node.name}" if len(node.name) <= 40 else "names no field"
        case nodes.Const():
            fits, what = isinstance(node.value, str), "has a value that is no text"
        case nodes.Filter():
            fits, what = _filter_fits(node), f"no such filter: {one_line(node.name, 40)}; there are {_USAGE}"
        case nodes.Compare():
            fits = all(operand.op in _COMPARISONS for operand in node.ops)
            what = "compares otherwise than by ==, != and in"
        case nodes.Operand():
            fits, what = True, ""
        case _:
            fits, what = type(node) in _PLAIN, f"may not use {type(node).__name__}"
    if not fits:
        raise TemplateRefusedError(f"line {node.lineno}: {what}")


def _filter_fits(node: nodes.Filter) -> bool:
    if node.name not in FILTERS or node.kwargs or node.dyn_args or node.dyn_kwargs or node.node is None:
        return False
    arguments = [each.value if isinstance(each, nodes.Const) else "" for each in node.args]
    match node.name, arguments:
        case "truncate", [int(length)]:
            return not isinstance(length, bool) and 4 <= length <= 1000
        case "default", [str()] | [str(), bool()]:
            return True
        case _:
            return not arguments and node.name not in {"truncate", "default"}
