"""Templates that would cost a process its memory, its time or its secrets, each read and rendered in a process of bounded memory.

`python -m support.hostile_templates` (from tests/) reads the corpus in a process that may grow by so many MiB, and prints JSON lines.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from leadmodel_followup.templates.errors import NotRendered
from leadmodel_followup.templates.fields import MAX_COMPANY, MAX_NAME, Fields
from leadmodel_followup.templates.templates import Kind, Templates

GROWTH_MB, SECONDS = 96, 20
HTML_BYTES, TEXT_BYTES = 65_536, 8_192
LONGEST = Fields(
    "ﬃ" * MAX_NAME, "ﬃ" * MAX_COMPANY, "en", "l" * 64, "https://u.example/" + "u" * 200, "s" * 320
)

FORBIDDEN = {
    "product of a text": "{{ 'x' * 10**9 }}",
    "product of a list": "{{ [1] * 10**9 }}",
    "wide format": "{{ '%999999999d'|format(1) }}",
    "wide format by operator": "{{ '%999999999d' % 1 }}",
    "wide format by method": "{{ '{:>999999999}'.format(1) }}",
    "format reads attributes": "{{ '{0.__class__}'.format(name) }}",
    "power": "{{ 2 ** 99999999 }}",
    "long integer": "{{ " + "9" * 5000 + " }}",
    "attribute of Python": "{{ name.__class__.__mro__[1].__subclasses__() }}",
    "item": "{{ name['__class__'] }}",
    "filter attr": "{{ name|attr('__class__') }}",
    "filter map": "{{ name|map(attribute='__class__')|list }}",
    "filter center": "{{ 'x'|center(10**9) }}",
    "filter center, no power": "{{ 'x'|center(999999999) }}",
    "filter indent": "{{ 'x'|indent(999999999, true) }}",
    "filter wordwrap": "{{ name|wordwrap(1, true, 'x') }}",
    "filter batch": "{{ name|batch(999999999, 'x')|list }}",
    "filter safe": "{{ name|safe }}",
    "filter truncate, huge": "{{ name|truncate(999999999) }}",
    "filter truncate, long end": "{{ name|truncate(5, true, 'x') }}",
    "filter default by name": "{{ name|default(default_value='x') }}",
    "filter block": "{% filter upper %}x{% endfilter %}",
    "range": "{% for i in range(999999999) %}x{% endfor %}",
    "nested loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "loop over a field": "{% for i in name %}{{ loop.index }}{% endfor %}",
    "recursive loop": "{% for i in [[1]] recursive %}{{ loop(i) }}{% endfor %}",
    "macro": "{% macro a() %}{{ a() }}{{ a() }}{% endmacro %}{{ a() }}",
    "call block": "{% macro a() %}{{ caller() }}{% endmacro %}{% call a() %}x{% endcall %}",
    "include": "{% include 'a.en.txt' %}",
    "import": "{% import 'a.en.txt' as a %}",
    "from": "{% from 'a.en.txt' import a %}",
    "extends": "{% extends 'a.en.txt' %}",
    "block": "{% block a %}{{ self.a() }}{% endblock %}",
    "set": "{% set a = 'x' %}{{ a }}",
    "set of a block": "{% set a %}{{ name }}{% endset %}{{ a }}",
    "laughs": "{% set a0 = name %}"
    + "".join(f"{{% set a{n + 1} = a{n} ~ a{n} %}}" for n in range(40))
    + "{{ a40 }}",
    "joined to itself": "{{ " + " ~ ".join(["name"] * 300) + " }}",
    "lipsum": "{{ lipsum(n=9999999) }}",
    "cycler": "{{ cycler('a').next.__globals__ }}",
    "namespace": "{{ namespace(a='x').a }}",
    "dict": "{{ dict(a='x') }}",
    "self": "{{ self.__init__.__globals__ }}",
    "with": "{% with a = 'x' %}{{ a }}{% endwith %}",
    "autoescape off": "{% autoescape false %}{{ name }}{% endautoescape %}",
    "do": "{% do name.append(1) %}",
    "test": "{{ name is sameas company }}",
    "call of a field": "{{ name() }}",
    "other name": "{{ phone }}",
    "deep brackets": "{{ " + "(" * 900 + "name" + ")" * 900 + " }}",
    "deep lists": "{{ " + "[" * 900 + "]" * 900 + " }}",
    "deep conditions": "{% if name %}" * 300 + "{% endif %}" * 300,
    "many not": "{{ " + "not " * 1500 + "name }}",
    "many minus": "{{ " + "- " * 1500 + "1 }}",
    "many or": "{{ " + " or ".join(["name"] * 900) + " }}",
    "deep condition by or": "{% if " + " or ".join(["name"] * 400) + " %}{% endif %}",
    "many conditions in one": "{{ " + "'a' if name else " * 300 + "'b' }}",
    "many fields": "{{ name }}" * 900,
    "many filters": "{{ name" + "|upper" * 900 + " }}",
    "megabyte": "x" * (1 << 20),
    "megabyte of tags": "{{ name }}" * ((1 << 20) // 10),
    "right to left": "Pay \u202e100\u202c now",
    "isolates": "\u2066{{ name }}\u2069",
    "zero byte": "a\x00b",
    "byte order mark": "\ufeffHi",
    "not ended": "{{ name",
    "not ended text": "{{ 'x",
    "not ended comment": "{#" * 2000,
    "cards": "4111 1111 1111 1111 " * 400,
    "numbers": "12345678 " * 900,
}
HEAVY = {
    "as many fields as may be": "{{ name }}" * 139,
    "as many filters as may be": "{{ company|upper|title|lower|upper|title|lower }}" * 41,
    "each field in a condition": "{% if name %}{{ company }}{% endif %}" * 40,
    "many comments": "{# x #}" * 600,
    "raw": "{% raw %}" + "{{ x }}" * 1000 + "{% endraw %}",
    "braces": "{" * 8000,
    "percent signs": "{%" * 4000,
    "brackets": "<" * 8000,
    "tags": "<b>" * 2600,
    "comments of HTML": "<!--" * 2000,
    "closed comments": "<!-- -->" * 1000,
    "quotes": '<a b="' * 1300,
    "addresses": "https://a.example/ {{ link_a }} " * 100,
    "one long word": "a" * 8000,
    "one long word and a blank": "a" * 7999 + " ",
    "long words in tags": "<b>" + "a" * 7996 + " ",
    "blanks": " " * 8000,
    "lines": "\n" * 8000,
    "marks": "e" + "\u0301" * 4000,
    "emoji": "😀" * 2000,
    "digits": "1" * 8000,
    "digits apart": "1 " * 4000,
    "underscored number": "{{ 1" + "_1" * 3900 + " }}",
    "long constant": "{{ '" + "x" * 8000 + "' }}",
    "long name": "{{ " + "x" * 8000 + " }}",
    "backslashes": "{{ '" + "\\" * 7000 + "' }}",
}


def sources() -> dict[str, tuple[str, str]]:
    """Every source by name, with the part that it is read as; the heavy ones also as HTML of the largest size."""
    made = {
        f"{name} ({part})": (source, part) for part in ("txt", "html") for name, source in FORBIDDEN.items()
    }
    made |= {f"{name} (txt)": (source[:TEXT_BYTES], "txt") for name, source in HEAVY.items()}
    for name, source in HEAVY.items():
        whole = source * (HTML_BYTES // len(source.encode()))
        made[f"{name} (html)"] = (source, "html")
        made[f"{name} (large html)"] = (whole, "html")
    return made


def product(source: str, part: str) -> str:
    """Read and render a source as the worker does. Returns the reason for which there is no text, or how long it is."""
    with tempfile.TemporaryDirectory() as folder:
        files = {"a.en.txt": "x", "a.en.subject": "x", f"a.en.{part}": source}
        for name, text in files.items():
            (Path(folder) / name).write_bytes(text.encode())
        began = time.process_time()
        read = Templates.from_folder(Path(folder))
        if read.file_problems:
            ended = f"refused: {read.file_problems[0].reason}"
        else:
            ended = _rendered(read, Kind.EMAIL if part == "html" else Kind.SMS)
        return f"{(time.process_time() - began) * 1000:.2f} {ended}"


def _rendered(read: Templates, kind: Kind) -> str:
    try:
        shown = read.render("a", "en", kind, LONGEST)
    except NotRendered as error:
        return f"not rendered: {error.reason}"
    return f"rendered: {max(len(shown.body), len(shown.html))}"


def sandbox(source: str, part: str) -> str:
    """The control: Jinja2's own sandbox and nothing else."""
    began = time.process_time()
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=part == "html")
    text = environment.from_string(source).render(name="x", company="y")
    return f"{(time.process_time() - began) * 1000:.2f} rendered: {len(text)}"


READERS = {"product": product, "sandbox": sandbox}


def outcomes(names: list[str], reader: str = "product") -> dict[str, tuple[float, str]]:
    """Milliseconds of CPU time and end of each source, read in one process of bounded memory and CPU time; a source that ended the process and those after it are absent."""
    child = [sys.executable, "-m", "support.hostile_templates", reader]
    done = subprocess.run(
        child,
        input=json.dumps(names),
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: (float(ended.partition(" ")[0]), ended.partition(" ")[2]) for name, ended in lines}


def limit() -> None:
    """Let this process grow by GROWTH_MB and use SECONDS of CPU, from now on."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + (GROWTH_MB << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))


def main() -> None:
    """Read the names of sources from standard input and print name and end of each."""
    names: list[str] = json.loads(sys.stdin.read())
    made: dict[str, Any] = sources()
    reader = READERS[sys.argv[1]]
    product("Hi 4111 1111 1111 1111", "txt")  # what is loaded once
    product("Hi", "html")
    limit()
    for name in names:
        print(json.dumps([name, reader(*made[name])]), flush=True)


if __name__ == "__main__":
    main()
