"""Names that people put into a form so that messages carry links to others: no channel carries them, in whatever way they are written."""

import html
import json
import re
import unicodedata

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from leadmodel_followup.templates.fields import clean
from leadmodel_followup.templates.templates import Kind, Templates
from support.followup_templates import fields, folder

WITHOUT = settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
LINKS = [
    *("www.evil.com/a", "WWW.EVIL.COM", "www2.evil.example", "ｗｗｗ．ｅｖｉｌ．ｃｏｍ", "www。evil。com"),
    *(
        "evil.com/a",
        "evil.com?a=1",
        "evil.com#a",
        "evil.com:8080",
        "t.me/abc",
    ),
    *("http:evil.com", "https:/evil.com", "HTTPS://EVIL.COM", "hTtP:evil", "//evil.com", "\\\\evil.com\\a"),
    *(
        "mailto:a",
        "tel:112",
        "sms:+1",
        "javascript:alert(1)",
        "data:text/html,x",
        "whatsapp:x",
        "xn--evl-dma.com",
    ),
    *(
        "a＠b.example",
        "a﹫b.example",
        "https﹕//evil",
        "https：／／evil.example",
        "evil.com／a",
        "evil․com/a",
        "evil.com℀",
    ),
    *("call １２３４５６", "①②③④⑤", "0-9-0-0-1", "٠١٢٣٤"),
]
HOSTS = [
    *(
        "evil.com",
        "EVIL.COM",
        "evil․com",
        "evil。com",
        "evil．com",
        "evil｡com",
        "evil﹒com",
        "evil\u00ad.com",
    ),
    *(
        "evil.\u200dcom",
        "evil\u200c.com",
        "evil.\ufe0fcom",
        "evil\u034f.com",
        "evilx\u0302.com",
        "evil.\u202ecom",
    ),
    *(
        "𝐞𝐯𝐢𝐥.𝐜𝐨𝐦",
        "ⓔvil.com",
        "ｅｖｉｌ.ｃｏｍ",
        "evil\u0701com",
        "evil⒈com",
        "1⒈com",
        "evil‥com",
        "evil\n.com",
        "evil.\r\ncom",
    ),
    *(
        "xn.evil.co.uk",
        "münchen.de",
        "пример.рф",
        "例え.テスト",
        "evil.c",
        "bit.ly\u200b/x",
        "bit.\u200bly/x",
        "Ann. evil.com",
    ),
]
IGNORED = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)
SEEN = re.compile(
    r"[\w-]\.[\w-]|://|@|(?<!\w)(?:https?|tel|sms|mailto):\S|//|(?:\d\D{0,3}){5}", re.IGNORECASE
)


def read_as_link(text):
    """Whether a program could read a link, an address or a number in a text, without what nobody sees and with all dots as dots."""
    seen = unicodedata.normalize("NFKC", IGNORED.sub("", text)).translate(
        dict.fromkeys(map(ord, "。｡\u0701\u0702"), ".")
    )
    marks = "".join(c for c in seen if not unicodedata.category(c).startswith("M"))
    return bool(SEEN.search(marks))


@pytest.mark.parametrize("given", LINKS)
def test_a_name_with_a_link_counts_as_not_given(given):
    assert clean(f"Jane {given}", 60) == clean(f"{given} Jane", 60) == ""


@pytest.mark.parametrize("given", HOSTS)
def test_no_program_sees_a_host_in_a_name(given):
    assert not read_as_link(clean(given, 60))
    assert not read_as_link(clean(f"Jane {given}, win", 60))


def test_control_names_are_read_as_links_where_nobody_cleans_them():
    spared = {"evil.c", "evil‥com", "evil\n.com", "evil.\r\ncom"}
    assert {given for given in HOSTS if not read_as_link(given)} <= spared
    assert read_as_link("evil․com")
    assert not read_as_link("evil. com")


hostile_names = st.lists(
    st.sampled_from(
        [*LINKS, *HOSTS, ".", "。", "․", ":", "/", "\u200d", "\u202e", "\n", "\x00", "com", "www", "1"]
    )
    | st.characters(),
    max_size=12,
).map("".join)


@WITHOUT
@given(
    name=hostile_names,
    company=hostile_names,
    lead=hostile_names.filter(lambda lead: sum(map(str.isnumeric, lead)) < 3),
)
@example(name="www.evil.com/a", company="evil․com", lead="www.evil.com")
def test_no_channel_carries_a_link_of_a_lead(everywhere, name, company, lead):
    for kind in Kind:
        shown = everywhere.render(
            "carried", "en", kind, fields(name=name, company=company, lead=lead, footer="")
        )
        parameters = shown.provider_template.parameters if shown.provider_template else ()
        body = "" if kind is Kind.WHATSAPP else shown.body
        for text in (body, shown.subject, html.unescape(shown.html), *parameters):
            assert not read_as_link(text)
            assert not [
                c
                for c in text.strip()
                if unicodedata.category(c) in {"Cc", "Cs"} or c in "\u202e\u2066\u2028"
            ]


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory):
    """A template that says of a lead what there is, in each channel."""
    said = "[{{ name }}] and [{{ company }}] and [{{ lead }}]"
    approved = {
        "name": "carried",
        "language": "en",
        "parameters": ["{{ name|default('-') }}", "{{ company|default('-') }}"],
    }
    files = {"txt": said, "subject": said, "html": said, "whatsapp": json.dumps(approved)}
    return Templates.from_folder(
        folder(
            tmp_path_factory.mktemp("carried"), {f"carried.en.{part}": text for part, text in files.items()}
        )
    )


@pytest.mark.parametrize(
    ("lead", "shown"),
    [
        ("www.evil.com", ""),
        ("http:evil", ""),
        ("a.evil", ""),
        ("evil﹒com", ""),
        ("crm-4711:a", "crm-4711:a"),
    ],
)
def test_an_id_of_a_lead_is_shown_as_it_is_or_not_at_all(lead, shown):
    assert fields(lead=lead).values()["lead"] == shown
