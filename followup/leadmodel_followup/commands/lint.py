"""`leadmodel-followup lint`: names what is wrong with templates before a lead sees it. Reads two places and sends nothing."""

import argparse

from leadmodel_followup.commands.texts import HELP, add_texts, read_texts
from leadmodel_followup.templates.problems import problems, uses
from leadmodel_messages.exits import FollowUpExit

_CHECKS = """
Each step is rendered in each language for a usual lead, for the longest values, for other letters, without a name, and for a hostile
lead. An SMS must fit `maxSegments`, and the first one of a band names a way out; an e-mail needs subject, text, HTML and
{{ unsubscribe }}; WhatsApp needs a template's name and as many parameters as the text has places.

  $ leadmodel-followup lint --settings followups.json --templates texts/
  welcome.de.txt: takes 4 segments with the longest values (UCS-2, because of U+2019); at most 3

Ends with 0 where nothing is wrong, 1 where something is, 2 where settings or templates cannot be read.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where settings and templates lie."""
    parser.description = f"{parser.description}\n\n{HELP}{_CHECKS}"
    add_texts(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print one line per problem; NO where there is one."""
    settings, templates = read_texts(arguments)
    wrong = problems(templates, settings)
    for problem in wrong:
        print(f"{problem.field}: {problem.reason}")
    if not wrong:
        print(f"nothing wrong: {len(uses(settings))} steps, templates {templates.digest}")
    return FollowUpExit.NO if wrong else FollowUpExit.DONE
