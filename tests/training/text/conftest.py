"""One trained model for the tests of the program."""

import pytest

from leadmodel_messages.exits import EnrichExit
from leadmodel_training.text import command
from support.text_command import write
from support.text_messages import made, strange


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A trained model with its report, and the messages."""
    folder = tmp_path_factory.mktemp("text")
    messages = [*made(30, source="form"), *made(30, seed=1, source="mail")]
    write(folder / "messages.jsonl", messages)
    write(folder / "strange.jsonl", strange())
    arguments = [
        "train",
        f"--messages={folder}/messages.jsonl",
        f"--background={folder}/strange.jsonl",
        "--name=own",
    ]
    arguments += [f"--out={folder}/text.json.gz", f"--report={folder}/report.json"]
    assert command.main(arguments) == EnrichExit.DONE
    return folder
