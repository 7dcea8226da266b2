"""The arguments of `leadmodel-enrich`."""

import argparse

from leadmodel_messages import termination
from leadmodel_privacy.backfill import arguments
from leadmodel_training.text.holdout import SHARE
from leadmodel_training.text.training import INTENT, PRECISION, URGENCY

HEADS = ("intent", "sentiment", "urgency", "language")
TEXT_FIELDS = ("text", "content", "message", "details", "body")  # of messages in a Redis


def parser() -> argparse.ArgumentParser:
    """Build the parser of the program's arguments."""
    p = argparse.ArgumentParser(
        prog="leadmodel-enrich",
        description="Say what the text of each lead is about: read JSON lines, write them with intent, sentiment, urgency and language.",
        epilog="Exit codes: 0 done, 1 these messages make no model or the model is below a limit, 2 usage or lines without a text, "
        "75 the store did not answer, try again later.",
    )
    p.add_argument(
        "--model", help="the text model: a path or URI (default: sales-en, which comes with the program)"
    )
    p.add_argument("--field", default="details", help="the field with the text (default: details)")
    p.add_argument(
        "--want",
        default=",".join(HEADS),
        help=f"what to answer, comma separated (default: {','.join(HEADS)})",
    )
    p.add_argument("--language", help="the language of the texts, such as en (default: found per text)")
    commands = p.add_subparsers(dest="command", metavar="COMMAND")
    _add_train(commands.add_parser("train", help="learn a text model from messages with labels"))
    _add_check(commands.add_parser("check", help="measure a text model on messages with labels"))
    _add_suggest(commands.add_parser("suggest", help="list messages to label next, by their ids"))
    _add_export(commands.add_parser("export", help="write the text model to where predictors read it"))
    _add_backfill(
        commands.add_parser(
            "backfill",
            help="answer messages that a Redis or Valkey already holds, beside them; a dry run unless --apply",
            epilog="Exit codes: 0 done, 2 configuration, credentials or rights are wrong, 3 finished, but messages are left, "
            "75 try again later, 143 stopped after a checkpoint.",
        )
    )
    return p


def _add_backfill(p: argparse.ArgumentParser) -> None:
    _add_model(p)
    p.add_argument("--want", default=argparse.SUPPRESS, help="what to answer, comma separated")
    arguments.add_selection(
        p,
        "write the answers into side keys; without it nothing of yours is written",
        ", ".join(TEXT_FIELDS),
    )
    p.add_argument(
        "--ttl", type=arguments.seconds, default=30 * 86400.0, metavar="720h", help="how long answers live"
    )
    arguments.add_run(p)


def _add_export(p: argparse.ArgumentParser) -> None:
    _add_model(p)
    p.add_argument(
        "--out", required=True, help="where to write it, packed where the name ends in .gz: a path or URI"
    )


def _add_train(p: argparse.ArgumentParser) -> None:
    p.add_argument(
        "--messages",
        required=True,
        help="messages with labels: a path or URI; JSON lines, CSV or Parquet with the columns text, id, lead (who wrote it), source or "
        "author, and one per label",
    )
    p.add_argument(
        "--label",
        action="append",
        choices=[INTENT, URGENCY],
        help=f"the column to learn, which names the head (default: {INTENT})",
    )
    p.add_argument(
        "--out",
        required=True,
        help="where to write the model, packed where the name ends in .gz: a path or URI",
    )
    p.add_argument(
        "--holdout-out",
        help="where to write the messages that are kept out of training, redacted, packed where the name ends in .gz: a path or URI "
        "(default: none are kept out)",
    )
    p.add_argument(
        "--holdout-share",
        type=float,
        default=SHARE,
        help=f"share of the leads that --holdout-out keeps out (default: {SHARE})",
    )
    p.add_argument("--report", help="where to write the report as JSON: a path or URI")
    p.add_argument("--unlabelled", help="messages without labels, which are learned from, too: a path or URI")
    p.add_argument(
        "--background",
        help="messages that are in no class, so that the model refuses what is like them: a path or URI",
    )
    p.add_argument(
        "--holdout", help="a table with the column lead; messages of these leads are refused: a path or URI"
    )
    p.add_argument(
        "--base",
        help="the text model whose other heads are kept (default: sales-en, with urgency, sentiment and language): a path or URI; where "
        "--languages names none of its languages, language and the cues of urgency alone",
    )
    p.add_argument("--name", default="messages", help="name of the model (default: messages)")
    p.add_argument(
        "--languages", default="en", help="languages of the messages, comma separated (default: en)"
    )
    p.add_argument(
        "--precision",
        type=float,
        default=PRECISION,
        help=f"share of the answers that must be right, by which the model abstains from the rest (default: {PRECISION})",
    )
    p.add_argument(
        "--allow-overlap", action="store_true", help="train even where classes are taken for each other"
    )
    p.add_argument(
        "--licence", default="own", help="licence of the messages, for the model's provenance (default: own)"
    )
    p.add_argument("--seed", type=int, default=0, help="seed of everything random (default: 0)")
    termination.add_option(p)


def _add_model(p: argparse.ArgumentParser) -> None:
    p.add_argument(  # may stand before the command, too
        "--model", default=argparse.SUPPRESS, help="the text model (default: sales-en): a path or URI"
    )
    p.add_argument(
        "--language", default=argparse.SUPPRESS, help="the language of the texts (default: found per text)"
    )


def _add_check(p: argparse.ArgumentParser) -> None:
    _add_model(p)
    p.add_argument(
        "--messages", required=True, help="messages with the columns text and intent: a path or URI"
    )
    p.add_argument(
        "--min-macro-f1", type=float, default=0.0, help="macro-F1 below which the check fails (default: 0)"
    )
    p.add_argument(
        "--min-precision",
        type=float,
        default=0.0,
        help="precision of answers below which the check fails (default: 0)",
    )


def _add_suggest(p: argparse.ArgumentParser) -> None:
    _add_model(p)
    p.add_argument("--messages", required=True, help="messages with the columns text and id: a path or URI")
    p.add_argument("--count", type=int, default=50, help="messages to label next (default: 50)")
