"""`leadmodel-enrich` as people call it, and messages as files."""

import io
import json

from leadmodel_training.text import command


def write(path, messages, label="intent"):
    """Write messages as JSON lines with one column of labels; returns the path."""
    rows = [
        {
            "id": m.id,
            "lead": m.lead,
            "source": m.source,
            "text": m.text,
            **({label: m.labels[0]} if m.labels else {}),
        }
        for m in messages
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def run(capsys, *arguments):
    """Exit code, output and errors of the program."""
    code = command.main(arguments)
    out, errors = capsys.readouterr()
    return code, out, errors


def lines(monkeypatch, capsys, text, *arguments):
    """The same with a text or bytes on standard input."""
    data = text if isinstance(text, bytes) else text.encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
    return run(capsys, *arguments)
