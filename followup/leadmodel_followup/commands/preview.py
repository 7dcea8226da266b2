"""`leadmodel-followup preview`: shows every message as leads would get it, in a table or as a page. Sends nothing."""

import argparse
import json
from pathlib import Path

from leadmodel_followup.commands.access import Unusable
from leadmodel_followup.commands.texts import HELP, add_texts, read_texts
from leadmodel_followup.templates.preview import previews, table
from leadmodel_followup.templates.preview_page import page
from leadmodel_followup.templates.problems import problems
from leadmodel_followup.templates.samples import SAMPLES, Sample, from_document
from leadmodel_messages.exits import FollowUpExit

_EXAMPLE = """
  $ leadmodel-followup preview --settings followups.json --templates texts/ --page preview.html

The leads are made up: a usual one, the longest values, other letters, no name, a hostile one. --lead adds one of your own, a JSON file
such as {"name": "Jane", "company": "Acme"}. Ends with 0, with 1 where a message could not be made or `lint` would complain, and with 2
where a file cannot be read or written.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is shown, and where."""
    parser.description = f"{parser.description}\n\n{HELP}{_EXAMPLE}"
    add_texts(parser)
    parser.add_argument(
        "--language",
        metavar="TAG",
        help="only this language of leads, such as de-AT (default: all of the templates)",
    )
    parser.add_argument(
        "--lead", type=Path, metavar="FILE", help="a lead of your own besides, as JSON with name and company"
    )
    parser.add_argument(
        "--page",
        type=Path,
        metavar="FILE",
        help="write a page for a browser, which loads nothing from anywhere",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the table, write the page, print the problems; NO where there is one."""
    settings, templates = read_texts(arguments)
    samples = (*([_own(arguments.lead)] if arguments.lead else []), *SAMPLES)
    shown = previews(templates, settings, samples, arguments.language)
    wrong = problems(templates, settings)
    print(table(shown))
    if arguments.page:
        _write(arguments.page, page(shown, wrong, settings, templates.digest))
        print(f"page: {arguments.page}")
    for problem in wrong:
        print(f"problem: {problem.field}: {problem.reason}")
    print("Nothing was sent.")
    return FollowUpExit.NO if wrong or any(each.rendered is None for each in shown) else FollowUpExit.DONE


def _own(path: Path) -> Sample:
    try:
        document = json.loads(path.read_bytes())
        if not isinstance(document, dict):
            raise Unusable("the lead is no JSON object")
        return from_document(document)
    except (OSError, ValueError, RecursionError) as error:
        raise Unusable(f"the lead cannot be read ({type(error).__name__})") from None


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unusable(f"the page cannot be written ({type(error).__name__})") from None
