"""`kubectl leadmodel lint`: manifests checked offline, with a preview of what the operator would do first. No cluster is asked."""

import re
import sys
from argparse import Namespace
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from leadmodel_cli.kubectl.manifest import faults, object_schema, with_defaults
from leadmodel_cli.kubectl.preview import preview
from leadmodel_cli.kubectl.verbs import UsageError
from leadmodel_messages.exits import KubectlExit
from leadmodel_messages.visible import visible
from leadmodel_operator.resource.vocabulary import KIND


class KubectlYaml(yaml.SafeLoader):
    """YAML as kubectl reads it: `y` and `n` are booleans, and no key stands twice."""


def _boolean(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> bool:
    return str(loader.construct_scalar(node)).lower() in {"y", "yes", "on", "true"}


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.MarkedYAMLError(problem=f"the key {key} stands twice", problem_mark=node.start_mark)
    loader.flatten_mapping(node)
    return dict(loader.construct_mapping(node, deep=True))


KubectlYaml.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^[yYnN]$"), list("yYnN"))
KubectlYaml.add_constructor("tag:yaml.org,2002:bool", _boolean)
KubectlYaml.add_constructor("tag:yaml.org,2002:map", _mapping)


def read(path: str) -> list[Any]:
    """Read the documents of a file, `-` for the standard input; lists are taken apart.

    Raises:
        UsageError: There is no such file, or its text is no YAML.
    """
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        documents = list(yaml.load_all(raw, KubectlYaml))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name a file with a LeadModel") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        where = getattr(error, "problem_mark", None)
        line = f" in line {where.line + 1}" if where is not None else ""
        raise UsageError(
            f"{path}: no YAML{line}: {getattr(error, 'problem', None) or 'unreadable'}"
        ) from None
    return [item for document in documents if document is not None for item in _items(document)]


def _items(document: Any) -> Iterator[Any]:
    if isinstance(document, dict) and document.get("kind") == "List":
        yield from document.get("items") or []
    else:
        yield document


def lint(options: Namespace, now: datetime) -> int:
    """Check every LeadModel of the files. Returns 3 if one of them would be refused."""
    wrong = checked = 0
    for path in options.files:
        for document in read(path):
            if not isinstance(document, dict) or document.get("kind") != KIND:
                kind = document.get("kind") if isinstance(document, dict) else type(document).__name__
                print(visible(f"{path}: {kind} is no {KIND}: not checked"))
                continue
            checked += 1
            lines = faults(document)
            name = (
                (document.get("metadata") or {}).get("name")
                if isinstance(document.get("metadata"), dict)
                else "?"
            )
            wrong += bool(lines)
            for line in lines:
                print(visible(f"✖ {path}: {name}: {line}"))
            if not lines:
                print(visible(f"✔ {path}: {name}: the API server would take it"))
                if not options.quiet:
                    shown = preview(with_defaults(document, object_schema()), now)
                    print(visible("\n".join(f"  {line}" for line in shown)))
    if not checked:
        raise UsageError(f"{', '.join(options.files)}: no {KIND} in there")
    return KubectlExit.NOT_READY if wrong else KubectlExit.DONE
