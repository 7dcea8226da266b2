"""A configuration is checked before it is used: unknown settings, and own patterns that could take long."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_privacy.configuration import Config, ConfigError, Custom, loads
from leadmodel_privacy.detect import Detector
from leadmodel_privacy.pattern_cost import MAX_STEPS, PatternError, check_patterns

DANGEROUS = [
    r"(a+)+b",
    r"(a|a)*b",
    r"(\w{1,50}){1,50}x",
    r"\d+-\d+",
    r".*secret",
    r"(a{1,30}){1,30}b",
    r"(\w\w)\1",
    r"[a-z]{1,100}[a-z]{1,100}[a-z]{1,100}z",
    r"a{2,}",
    r"(?:x?){60}x{60}",
]
GOOD = [
    r"KD-\d{6}",
    r"[A-Z]{2,4}-\d{4,10}",
    r"\w{1,64}+@corp\.example",
    r"(?:EMP|STAFF)\d{5}",
    r"(?<!\d)99\d{8}(?!\d)",
]


@pytest.mark.parametrize("pattern", DANGEROUS)
def test_dangerous_patterns_are_refused(pattern):
    with pytest.raises(ConfigError, match="CUSTOM"):
        Config(custom=(Custom("CUSTOM", pattern),))


@pytest.mark.parametrize("pattern", GOOD)
def test_good_patterns_are_taken(pattern):
    assert Config(custom=(Custom("CUSTOM", pattern),)).custom[0].pattern == pattern


def test_the_check_protects():
    """The control: the first of the refused patterns takes long on a short text; every accepted one does not."""
    import re

    started = time.process_time()
    re.search(DANGEROUS[0], "a" * 19)
    slow = time.process_time() - started
    started = time.process_time()
    for pattern in GOOD:
        re.search(pattern, "a" * 19)
    assert time.process_time() - started < slow


PIECE = st.sampled_from(
    ["a", "b", r"\d", "[ab]", "a{1,9}", "[ab]{0,20}", r"\w{1,30}+", "(?:ab|a){1,3}", "(?:a|b)", "a?"]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECE, min_size=1, max_size=6), st.sampled_from(["a", "ab", "aab", "1a"]))
def test_whatever_is_accepted_is_quick(pieces, unit):
    pattern = "zz?" + "".join(pieces) + "zy"
    try:
        check_patterns({"OWN": pattern})
    except PatternError:
        return
    import re

    text = ("z" + unit * 10) * 300
    started = time.process_time()
    re.findall(pattern, text)
    assert time.process_time() - started < 1 + len(text) * MAX_STEPS * 1e-7


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "not JSON"),
        ("[]", "must be an object"),
        ('{"of": []}', "known are custom, fields, keep, names, off, regions"),
        ('{"off": "NAME"}', "list of strings"),
        ('{"off": ["EMIAL"]}', "known are EMAIL"),
        ('{"regions": ["germany"]}', "US or DE"),
        ('{"custom": [{"entity": "X"}]}', "CUSTOMER_NO"),
        ('{"custom": [{"entity": "EMAIL", "pattern": "abc"}]}', "cannot name"),
        ('{"custom": [{"entity": "OWN", "pattern": "a"}]}', "less than two"),
        ('{"custom": [{"entity": "OWN", "pattern": "("}]}', "not a regular expression"),
        ('{"custom": {}}', "must be a list"),
        ('{"keep": "Acme"}', "list of strings"),
        ('{"keep": [""]}', "begins with a letter"),
        ('{"keep": [" Acme"]}', "begins with a letter"),
    ],
)
def test_a_wrong_configuration_says_what_to_write(text, says):
    with pytest.raises(ConfigError, match=says):
        loads(text)


def test_too_many_steps_together():
    custom = tuple(Custom(f"OWN_{i}", r"[ab]{1,90}x") for i in range(5))
    Config(custom=custom[:2])
    with pytest.raises(ConfigError, match="together"):
        Config(custom=custom)


def test_own_patterns_find_and_settle():
    settings = {
        "custom": [{"entity": "CUSTOMER_NO", "pattern": "kd-\\d{6}", "ignoreCase": True}],
        "off": ["PHONE"],
    }
    detector = Detector(loads(json.dumps(settings)))
    redacted, counts = detector.redact("KD-123456 and +49 30 901820")
    assert (redacted, counts) == ("[CUSTOMER_NO] and +49 30 901820", {"CUSTOMER_NO": 1})
    assert detector.redact(redacted) == (redacted, {})


def test_a_pattern_that_fits_placeholders_does_not_eat_them():
    detector = Detector(Config(custom=(Custom("OWN", r"\[[A-Z]{3,8}\]"),)))
    assert detector.redact("[NOTE] x@example.org")[0] == "[OWN] [EMAIL]"


def test_the_version_covers_patterns_and_their_order():
    one, two = Custom("A_ONE", "abc"), Custom("B_TWO", "abd")
    versions = {
        Detector(Config(custom=custom)).version
        for custom in ((), (one,), (one, two), (two, one), (Custom("A_ONE", "abc", ignore_case=True),))
    }
    assert len(versions) == 5


def test_the_version_covers_every_file_of_the_detector():
    """What the detector imports of its own package is in its version."""
    import sys

    from leadmodel_privacy import detect

    seen, todo = set(), ["leadmodel_privacy.detect"]
    while todo:
        module = sys.modules[todo.pop()]
        seen.add(module.__name__.rpartition(".")[2] + ".py")
        for value in vars(module).values():
            name = getattr(value, "__module__", None) or getattr(value, "__name__", "")
            if (
                str(name).startswith("leadmodel_privacy.")
                and str(name).rpartition(".")[2] + ".py" not in seen
            ):
                todo.append(str(name))
    assert seen == set(detect.CODE_FILES)
