"""Takes due follow-ups, records each attempt, sends, and finds out what became of attempts without an answer."""
