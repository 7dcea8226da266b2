"""Programs that run once with the serving code: validate, poll, rehearse."""
