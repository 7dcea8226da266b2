"""Texts of drawn leads: filler of a length, or words that say what the lead wants. No person stands behind any of them."""

_FILLER = (
    "we would like to know more about the offer and what it costs for a team of our size please send details "
)
_OPENINGS = ("hello, ", "hi team, ", "good morning, ", "dear sales team, ", "")
# Those who want to buy come first.
WISHES: dict[str, tuple[str, ...]] = {
    "pricing": (
        "how much does it cost per seat",
        "what is the price for forty seats per year",
        "could you send a quote with your prices and discounts",
        "is there a discount on the annual price",
    ),
    "demo": (
        "could we book a demo with somebody next week",
        "can you show us the product in a short demo",
        "we would like to schedule a meeting and see a demo",
        "when do you have time for a call and a demo",
    ),
    "buy": (
        "we want to buy and sign the contract this month",
        "please send the order form, we are ready to buy",
        "we decided to purchase, how do we place the order",
        "we would like to order the licenses today",
    ),
    "problem": (
        "the import fails with an error message",
        "the app crashes and does not work since the update",
        "we get an error and the page does not load",
        "the export is broken and shows an error",
    ),
    "support": (
        "how do I change the settings of my account",
        "where can I reset the password of a user",
        "how can I export my contacts to a file",
        "how do I add a user to our workspace",
    ),
    "cancel": (
        "please cancel our subscription at the end of the month",
        "we want to cancel the contract and get a refund",
        "how do I cancel my subscription",
        "please close our account and cancel the plan",
    ),
}
NAMES = tuple(WISHES)
BUYING = 3  # of the wishes


def filler(length: int) -> str:
    """A text of exactly `length` characters that nobody wrote."""
    return filled(_FILLER, length)


def filled(text: str, length: int) -> str:
    """The text again and again, up to exactly `length` characters."""
    return (text * (length // len(text) + 1))[:length]


def message(wish: int, choice: int, length: int) -> str:
    """A text of exactly `length` characters with the words of a wish, an index into NAMES; `choice` chooses among the texts of a wish.

    The text is repeated, for a text model counts a word once, or cut off, so that it may say nothing.
    """
    words = WISHES[NAMES[wish]]
    text = _OPENINGS[choice // len(words) % len(_OPENINGS)] + words[choice % len(words)]
    return filled(text + ". ", length)
