"""Values that are encodings of texts: an apply leaves each valid in its own format, and counts what cannot be written anew."""

import base64
import json
from urllib.parse import parse_qs, urlencode

from leadmodel_privacy.backfill import message_redactor


def seeded(world):
    """One value per encoding, each with an e-mail address of its own."""
    php = world.seeds.email()
    return {
        "json": json.dumps(f'mail\n{world.seeds.email()} or "call" 219-09-9999'),
        "nested": json.dumps(json.dumps({"t": json.dumps(f"to\n{world.seeds.email()}"), "ssn": 219099999})),
        "form": urlencode({"email": world.seeds.email(), "n": "1"}),
        "base64": base64.b64encode(f"mail {world.seeds.email()} now".encode()).decode(),
        "php": f'a:1:{{s:5:"email";s:{len(php)}:"{php}";}}',
    }


def test_values_stay_valid(world, valkey):
    values = seeded(world)
    for name, value in values.items():
        valkey.set(f"chat:{name}", value)
    valkey.rpush("chat:list", values["json"], values["php"])
    assert world.run().line["undecoded"] == 2
    ran = world.run("--apply")
    assert (ran.code, ran.line["residue"], ran.line["undecoded"]) == (3, 0, 2)
    assert ran.line["outcome"] == "Residue"
    assert json.loads(valkey.get("chat:json")) == 'mail\n[EMAIL] or "call" [SSN]'
    inner = json.loads(json.loads(valkey.get("chat:nested")))
    assert (json.loads(inner["t"]), inner["ssn"]) == ("to\n[EMAIL]", "[SSN]")
    assert parse_qs(valkey.get("chat:form").decode()) == {"email": ["[EMAIL]"], "n": ["1"]}
    assert base64.b64decode(valkey.get("chat:base64")) == b"mail [EMAIL] now"
    assert valkey.get("chat:php").decode() == values["php"], "a placeholder of another length would break it"
    assert valkey.lrange("chat:list", 0, -1)[1].decode() == values["php"]
    again = world.run("--apply")
    assert (again.code, again.line["found"], again.line["undecoded"]) == (3, 0, 2), (
        "never remembered as clean"
    )


def test_stamps_do_not_hide_what_is_left(world, valkey):
    valkey.set("chat:php", seeded(world)["php"])
    assert world.run("--stamps").line["undecoded"] == 1
    assert world.run("--apply", "--stamps").line["undecoded"] == 1
    assert world.run("--stamps").line["undecoded"] == 1


def test_without_the_rule_a_counted_format_breaks(world, valkey, monkeypatch):
    """The control: a placeholder in PHP's format leaves a wrong length behind, and the report says that all is well."""
    monkeypatch.setattr(message_redactor, "is_opaque", lambda _text: False)
    valkey.set("chat:php", seeded(world)["php"])
    world.run()
    assert world.run("--apply").line["outcome"] == "Redacted"
    assert valkey.get("chat:php").endswith(b':"[EMAIL]";}')
