"""Templates are rendered with the values that are safe for their place, in the language that is there."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from leadmodel_followup.settings.settings import ChannelSettings, Provider
from leadmodel_followup.templates.allow_list import checked
from leadmodel_followup.templates.errors import NotRendered, TemplateRefusedError
from leadmodel_followup.templates.fields import MAX_NAME, clean
from leadmodel_followup.templates.personal import TOO_MANY, personal
from leadmodel_followup.templates.places import check_places
from leadmodel_followup.templates.templates import Kind, Templates, kind_of
from support.followup_templates import example_files, fields, folder, templates


@pytest.fixture(scope="module")
def ready(tmp_path_factory):
    return templates(tmp_path_factory.mktemp("templates"))


def placed(source: str, *, html: bool) -> None:
    check_places(checked(source, html=html).tree, html=html)


def test_an_sms(ready):
    shown = ready.render("hello", "en", Kind.SMS, fields())
    assert shown.body == (
        "Hi Jane Miller, thanks for your interest on behalf of Acme Ltd! Pick a time for a short call:"
        " https://acme.example/booking Reply STOP to end."
    )
    assert (shown.subject, shown.html, shown.provider_template) == ("", "", None)


def test_an_email_has_its_footer_in_both_parts(ready):
    shown = ready.render("offer", "en", Kind.EMAIL, fields(footer="Acme & Sons\n1 Example Way"))
    assert shown.subject == "A plan for Acme Ltd"
    assert shown.body.endswith("https://follow.acme.example/u/token\n\nAcme & Sons\n1 Example Way")
    assert '<a href="https://acme.example/offer?a=1&amp;b=2"' in shown.html
    assert "<p>Acme &amp; Sons<br>1 Example Way</p></body>" in shown.html


def test_a_footer_comes_last_in_html_without_a_body(tmp_path):
    bare = templates(tmp_path, offer__en__html="<p>Hi {{ name }}</p>")
    assert (
        bare.render("offer", "en", Kind.EMAIL, fields(footer="Acme")).html
        == "<p>Hi Jane Miller</p><p>Acme</p>"
    )


def test_whatsapp_names_the_template_and_its_parameters(ready):
    shown = ready.render("appointment", "de", Kind.WHATSAPP, fields(name=""))
    assert shown.provider_template is not None
    assert shown.provider_template.name == "appointment_offer"
    assert shown.provider_template.language == "de"
    assert shown.provider_template.parameters == ("und guten Tag", "Acme Ltd")
    assert shown.body.startswith("Hallo und guten Tag, wollen wir")


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [("de", "de"), ("de-AT", "de"), ("de_CH", "de"), ("DE", "de"), ("fr", "en"), ("", "en")],
)
def test_a_language_falls_back(ready, wanted, taken):
    assert ready.render("hello", wanted, Kind.SMS, fields()).language == taken


def test_a_language_with_half_of_its_parts_is_passed_over(tmp_path):
    half = templates(tmp_path, offer__de__subject=None)
    assert half.render("offer", "de", Kind.EMAIL, fields()).language == "en"


def test_what_is_not_there_is_not_rendered(ready):
    with pytest.raises(NotRendered, match="no-template"):
        ready.render("hello", "en", Kind.EMAIL, fields())
    with pytest.raises(NotRendered, match="no-template"):
        ready.render("unknown", "en", Kind.SMS, fields())


def test_a_missing_link_ends_the_message_and_names_no_value(ready):
    with pytest.raises(NotRendered) as raised:
        ready.render("offer", "en", Kind.EMAIL, replace(fields(), links={}))
    assert str(raised.value) == "field-missing"
    assert raised.value.__cause__ is None


def test_what_is_too_long_is_not_rendered(tmp_path):
    long = templates(tmp_path, hello__en__txt="a" * 1601, reminder__en__txt="a" * 1600)
    with pytest.raises(NotRendered, match="too-long"):
        long.render("hello", "en", Kind.SMS, fields())
    assert len(long.render("reminder", "en", Kind.SMS, fields()).body) == 1600


def test_an_empty_text_is_not_rendered(tmp_path):
    empty = templates(tmp_path, hello__en__txt="{% if name %}{% endif %}", offer__en__subject=" \n")
    for template, kind in (("hello", Kind.SMS), ("offer", Kind.EMAIL)):
        with pytest.raises(NotRendered, match="empty"):
            empty.render(template, "en", kind, fields())


def test_kinds_of_channels():
    kinds = {name: kind_of(ChannelSettings(name)) for name in ("sms", "mail", "email", "whatsapp-de", "x")}
    assert kinds == {"sms": "sms", "mail": "email", "email": "email", "whatsapp-de": "whatsapp", "x": "sms"}
    assert kind_of(ChannelSettings("x", Provider.SENDGRID)) is Kind.EMAIL
    assert kind_of(ChannelSettings("mail", Provider.TWILIO)) is Kind.SMS
    assert kind_of(ChannelSettings("x", Provider.WHATSAPP)) is Kind.WHATSAPP


def test_the_digest_names_texts_and_names(tmp_path):
    first = templates(tmp_path / "a").digest
    assert templates(tmp_path / "b").digest == first
    assert templates(tmp_path / "c", hello__en__txt="Other STOP").digest != first
    assert (
        templates(tmp_path / "d", hello__en__txt=None, hello__fr__txt=example_files()["hello.en.txt"]).digest
        != first
    )


def test_files_that_cannot_be_used_are_named_and_the_others_work(tmp_path):
    read = templates(
        tmp_path,
        README="x",
        hello__en__md="x",
        hello__fr__txt="\udcff",
        hello__es__txt="a" * 9000,
        reminder__fr__txt="{{ phone }}",
        appointment__fr__whatsapp="{}",
    )
    assert {problem.field: problem.reason.split(":")[0] for problem in read.file_problems} == {
        "README": "is not named <template>.<language>.<txt, subject, html or whatsapp>",
        "hello.en.md": "is not named <template>.<language>.<txt, subject, html or whatsapp>",
        "hello.fr.txt": "is not UTF-8",
        "hello.es.txt": "is longer than 8192 bytes",
        "reminder.fr.txt": "line 1",
        "appointment.fr.whatsapp": "name must be as the provider shows it",
    }
    assert read.render("hello", "fr", Kind.SMS, fields()).language == "en"


def test_a_mounted_config_map_is_read(tmp_path):
    data = folder(tmp_path / "..2026_01_01", {"hello.en.txt": "Hi, STOP"})
    (tmp_path / "..data").symlink_to(data.name)
    (tmp_path / "hello.en.txt").symlink_to("..data/hello.en.txt")
    read = Templates.from_folder(tmp_path)
    assert read.file_problems == ()
    assert read.languages("hello") == ("en",)


def test_more_files_than_a_plan_needs_are_not_read(tmp_path):
    read = Templates.from_folder(folder(tmp_path, {f"t{n}.en.txt": "x" for n in range(300)}))
    assert len(read.parts) == 256
    assert [problem.field for problem in read.file_problems] == ["templates"]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("[", "is not JSON"),
        ("[" * 8_000, "is not JSON"),
        ("[]", "must be an object"),
        (json.dumps({"name": "a", "language": "en", "more": 1}), "must be an object"),
        (json.dumps({"name": "A B", "language": "en"}), "name must be"),
        (json.dumps({"name": "a", "language": "english"}), "language must be"),
        (json.dumps({"name": "a", "language": "en", "parameters": "{{ name }}"}), "parameters must be"),
        (json.dumps({"name": "a", "language": "en", "parameters": ["{{ x }}"]}), "names no field"),
        (json.dumps({"name": "a", "language": "en", "parameters": ["a"], "text": "none"}), "has 0 places"),
        (json.dumps({"name": "a", "language": "en", "parameters": ["a"], "text": "{{2}}"}), "has 1 places"),
    ],
)
def test_a_file_for_whatsapp_that_cannot_be_used(tmp_path, document, reason):
    read = Templates.from_folder(folder(tmp_path, {"a.en.whatsapp": document}))
    assert reason in read.file_problems[0].reason


def test_an_empty_parameter_is_not_sent(tmp_path):
    source = json.dumps({"name": "a", "language": "en", "parameters": ["{{ name }}"]})
    read = Templates.from_folder(folder(tmp_path, {"a.en.whatsapp": source}))
    assert read.render("a", "en", Kind.WHATSAPP, fields()).body == "Jane Miller"
    with pytest.raises(NotRendered, match="empty-parameter"):
        read.render("a", "en", Kind.WHATSAPP, fields(name=""))


# --- where fields may stand ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "<a href={{ link_x }}>a</a>",
        '<a href="{{ name }}">a</a>',
        '<a href="https://acme.example/{{ lead }}">a</a>',
        '<a href="{{ link_x|default(company) }}">a</a>',
        '<img alt="{{ company }}">',
        "<{{ name }}>",
        "<b {{ name }}>",
        "<style>p { color: {{ name }} }</style>",
        "<!-- {{ name }} -->",
        "<script>1</script>",
        "<IFRAME src='x'></IFRAME>",
        '<a " title=">{{ name }}">',
        "<p>{% if name %}<a href='{% endif %}{{ link_x }}'>",
        "<p",
        "<!-- a",
        "<p>https://acme.example/?n={{ name }}</p>",
    ],
)
def test_a_field_in_a_tag_is_refused(source):
    with pytest.raises(TemplateRefusedError):
        placed(source, html=True)


@pytest.mark.parametrize(
    "source",
    [
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/x.dtd"><p>{{ name }}</p>',
        "<p title='a > b'>{{ name }}</p><a href=\"{{ link_x }}\">{{ link_x }}</a>",
        "<style>p > a { color: red }</style>{{ name }}",
        "<!--[if mso]><b><![endif]-->{{ name }}",
        "{% if name %}<b>{{ name }}</b>{% elif company %}{{ company }}{% else %}<br/>{% endif %}",
        '<a href="{{ unsubscribe }}?x=1">a</a> {{ name }}',
    ],
)
def test_what_mails_are_made_of_is_taken(source):
    placed(source, html=True)
    assert "Jane" in checked(source, html=True).render({"name": "Jane", "link_x": "l", "unsubscribe": "u"})


def test_no_value_continues_an_address_in_a_text():
    for refused in ("https://a.example/{{ name }}", "{{ link_x }}?n={{ name }}", "{{ link_x }}{{ name }}"):
        with pytest.raises(TemplateRefusedError):
            placed(refused, html=False)
    placed("https://a.example/ {{ name }} {{ link_x }}\n{{ name }}", html=False)
    assert checked("{{ name }}").fields == {"name"}


# --- what leads wrote --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("  Jane \t Miller\n", "Jane Miller"),
        ("Jane\r\nBcc: all", "Jane Bcc: all"),
        ("Jane\u2028\u202e\x00\x1b[31m", "Jane [31m"),
        ("Jose\u0301", "José"),
        ("evil.example", "evil. example"),
        ("Müller GmbH & Co.KG", "Müller GmbH & Co. KG"),
        ("Novo A/S", "Novo A/S"),
        ("win at https://evil.example", ""),
        ("jane@example.org", ""),
        ("call 0900 123 456", ""),
        ("\ud800Jane", "Jane"),
        ("x" * 500, "x" * MAX_NAME),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("J.R.R. Tolkien", "J. R. R. Tolkien"),
        ("Sammy Davis, Jr., M.D.", "Sammy Davis, Jr., M. D."),
        ("Marcel·lí Puig", "Marcel·lí Puig"),
        ("ジョン・スミス", "ジョン・スミス"),
        ("Jane…Miller", "Jane... Miller"),
        (".NET Labs", ".NET Labs"),
        ("Data: Systems", "Data: Systems"),
        ("c/o Miller", "c/o Miller"),
        ("H₂O & m² Ltd", "H₂O & m² Ltd"),
    ],
)
def test_a_name_is_one_short_line_without_links(given, shown):
    assert clean(given, MAX_NAME) == shown


WITHOUT = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
hostile = st.text(
    st.one_of(st.sampled_from("\r\n<>&\"'{}%.:/@\u2028\x85\u202e"), st.characters()), max_size=80
)


@WITHOUT
@given(name=hostile, company=hostile)
@example(name="x\r\nBcc: a", company="<script>alert(1)</script>")
@example(name="\x85\x0b\x0c\x1c\u2029", company='"><img src=x onerror=alert(1)>')
def test_no_line_break_in_a_subject_and_no_mark_up_of_a_lead(ready, name, company):
    shown = ready.render("offer", "en", Kind.EMAIL, fields(name=name, company=company))
    assert shown.subject.splitlines() == [shown.subject]
    plain = ready.render("offer", "en", Kind.EMAIL, fields(name="", company=""))
    for mark in "<>\"'":
        assert shown.html.count(mark) == plain.html.count(mark)


def test_without_escaping_a_lead_writes_mark_up():
    values = {"company": "<b>x</b>"}
    assert checked("{{ company }}", html=True).render(values) == "&lt;b&gt;x&lt;/b&gt;"
    assert checked("{{ company }}").render(values) == "<b>x</b>"  # the control: a text has nothing to escape


def test_errors_and_values_show_no_text():
    shown = repr(fields(name="Jane Secret"))
    assert "Jane" not in shown
    assert "token" not in shown


# --- personal data -----------------------------------------------------------------------------------------------------------

IBAN, CARD, SSN = "DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111", "SSN 078-05-1120"


@pytest.mark.parametrize("number", [IBAN, CARD, SSN])
def test_a_text_with_a_number_of_a_person_is_refused(tmp_path, number):
    for file in ("a.en.txt", "a.en.subject", "a.en.html"):
        read = Templates.from_folder(folder(tmp_path / file, {file: f"Yours: {number}. STOP"}))
        assert "holds personal data" in read.file_problems[0].reason
        assert number not in read.file_problems[0].reason
    whatsapp = json.dumps({"name": "a", "language": "en", "text": number})
    read = Templates.from_folder(folder(tmp_path / "w", {"a.en.whatsapp": whatsapp}))
    assert "holds personal data" in read.file_problems[0].reason


def test_telephone_numbers_links_and_prices_are_no_such_data():
    text = (
        "Call +49 30 12345678 or 0800 123 4567, order 20261130, EUR 1.234.567, https://acme.example/1234567"
    )
    assert personal(text) == ()
    assert personal("no number") == ()


def test_a_lead_id_that_is_a_card_counts_as_not_given():
    assert fields(lead=CARD.replace(" ", "")).values()["lead"] == ""
    assert fields(lead="lead-20261130").values()["lead"] == "lead-20261130"


def test_the_detector_reads_only_so_much():
    assert personal("1234567 " + " ".join(["12345678"] * 5000)) == (TOO_MANY,)
