"""What is kept of texts is bounded in number and size, and the same as what is made anew."""

from leadmodel_text.kept_values import LONGEST_KEY, KeptValues


def test_a_value_is_made_once_while_it_is_kept():
    made = []
    kept = KeptValues(lambda key: made.append(key) or len(key), 10)
    assert [kept["one"], kept["three"], kept["one"]] == [3, 5, 3]
    assert made == ["one", "three"]


def test_a_full_cache_begins_anew():
    kept = KeptValues(str.upper, 10)
    sizes = []
    for number in range(100):
        assert kept[f"word{number}"] == f"WORD{number}"
        sizes.append(len(kept))
    assert max(sizes) == 10
    assert kept["word3"] == "WORD3"


def test_long_keys_are_answered_and_not_kept():
    kept = KeptValues(len, 10)
    assert kept["x" * LONGEST_KEY] == LONGEST_KEY
    assert len(kept) == 1
    assert kept["x" * 2000] == 2000
    assert len(kept) == 1
