"""What `lint` and `preview` share: settings and a folder of templates, from the places of a pod or of a person."""

import argparse
from pathlib import Path

from leadmodel_followup.commands.access import Unusable, add_settings, read_settings
from leadmodel_followup.settings.settings import Settings
from leadmodel_followup.templates.templates import Templates

HELP = """\
A folder has one file per text, <template>.<language>.<part>:

  welcome.en.txt       text of an SMS, or of an e-mail beside its HTML
  welcome.en.subject   subject of an e-mail
  welcome.en.html      HTML of an e-mail
  welcome.en.whatsapp  which approved template of WhatsApp, as JSON: name, language, parameters and perhaps text

  Hi {{ name|default('there') }}, your demo is ready: {{ link_demo }}. Reply STOP to end.

Fields: name, company, language, lead, sender, unsubscribe, and link_<name> for each of `links` in the settings. A field may be empty.
Filters: default('…'), truncate(20), capitalize, title, lower, upper, trim. Conditions: {% if company %}…{% elif … %}…{% else %}…{% endif %}
with ==, !=, in, and, or, not. Nothing else: no loops, calls, arithmetic or files. A lead's language falls back from de-AT to de to en.
"""


def add_texts(parser: argparse.ArgumentParser) -> None:
    """Add where settings and templates lie."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    add_settings(parser)
    parser.add_argument(
        "--templates",
        type=Path,
        default=Path("/etc/leadmodel/templates"),
        metavar="FOLDER",
        help="folder of the templates (default: %(default)s)",
    )


def read_texts(arguments: argparse.Namespace) -> tuple[Settings, Templates]:
    """Read both. Raises Unusable."""
    settings = read_settings(arguments.settings)
    try:
        return settings, Templates.from_folder(arguments.templates)
    except OSError as error:
        raise Unusable(f"the templates cannot be read ({type(error).__name__})") from None
