"""Which texts left: name and digest of a template, noted with each attempt and shown to who asks for the follow-up."""

import json
import subprocess

import pytest
from starlette.applications import Starlette

from followup.conftest import TENANTS
from leadmodel_followup.channels.console import Console
from leadmodel_followup.dispatch.dispatcher import wall_ms
from leadmodel_followup.http.intake_routes import IntakeRoutes
from leadmodel_followup.http.token import Token
from leadmodel_followup.intake.intake import Intake
from leadmodel_followup.intake.requests import read_lead
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.settings.reading import parse
from leadmodel_followup.templates.templates import Kind, Templates
from leadmodel_followup.worker.service import Service
from support.followup_pod import KEY, TOKEN, clock_time, lead, settings
from support.followup_templates import fields
from support.followup_webhooks import AppClient


@pytest.fixture
def texts(tmp_path):
    """Texts of two languages, and of a template that no step names."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for name in ("hello.en.txt", "hello.de.txt", "other.en.txt"):
        (folder / name).write_text(f"Grüße from {name}. STOP\n")
    return folder


@pytest.fixture
def service(client, texts):
    plan = settings(tenant=f"texts-{next(TENANTS)}")
    hasher = ContactHasher(plan["tenant"], KEY.encode())
    return Service(
        parse(json.dumps(plan).encode()),
        lambda: client,
        hasher,
        {"sms": Console()},
        lambda: Templates.from_folder(texts),
    )


def sent(service, number, **more):
    """The id of the follow-up of a lead, which was sent."""
    intake = Intake(service.ledger, service.book, service.hasher, service.settings.spec, wall_ms)
    (step,) = intake.submit(read_lead(lead(number, clock_time(-1), **more), wall_ms()))
    assert service.dispatcher.tick() == {"accepted": 1}
    return step.id


def shell_digest(folder, files):
    """What a person gets with a shell."""
    said = subprocess.run(f"cat {files} | sha256sum", shell=True, cwd=folder, capture_output=True, check=True)
    return said.stdout.decode()[:16]


def test_an_attempt_notes_which_texts_left(service, texts, tmp_path):
    first, german = sent(service, 1), sent(service, 2, language="de-AT")
    before = f"hello.en {shell_digest(texts, 'hello.en.*')}"
    assert service.ledger.read(first)["template"] == before
    assert service.ledger.read(german)["template"] == f"hello.de {shell_digest(texts, 'hello.de.*')}"
    (texts / "other.en.txt").write_text("another template. STOP")
    assert service.ledger.read(sent(service, 3))["template"] == before
    (texts / "hello.en.txt").write_text("a new text. STOP")
    changed = f"hello.en {shell_digest(texts, 'hello.en.*')}"
    assert changed != before
    assert service.ledger.read(sent(service, 4))["template"] == changed
    assert service.ledger.read(first)["template"] == before
    (tmp_path / "token").write_text(TOKEN)
    intake = Intake(service.ledger, service.book, service.hasher, service.settings.spec, wall_ms)
    with AppClient(Starlette(routes=IntakeRoutes(intake, Token(tmp_path / "token")).routes())) as http:
        shown = http.get(f"/followups/{first}", headers={"Authorization": f"Bearer {TOKEN}"}).json()
    assert shown["template"] == before


def test_all_parts_of_a_mail_count(tmp_path):
    for part in ("txt", "subject", "html"):
        (tmp_path / f"offer.en.{part}").write_text(f"<p>{part}</p>")
    source = Templates.from_folder(tmp_path).render("offer", "en", Kind.EMAIL, fields()).template
    assert source == f"offer.en {shell_digest(tmp_path, 'offer.en.*')}"
    (tmp_path / "offer.en.html").write_text("<p>other</p>")
    assert Templates.from_folder(tmp_path).render("offer", "en", Kind.EMAIL, fields()).template != source
