"""Whose credentials count for which source, in a pod with the Secrets of several."""

import pytest

from leadmodel_messages.credentials import Source, environment

A, B = {"AWS_ACCESS_KEY_ID": "A", "AWS_SESSION_TOKEN": "of A"}, {"AWS_ACCESS_KEY_ID": "B"}


def under(source: Source, secret: dict[str, str]) -> dict[str, str]:
    return {f"{source}{name}": value for name, value in secret.items()}


TWO = {**A, **B, **under(Source.ARTIFACT, A), **under(Source.HOLDOUT, B), "HOME": "/"}


def test_each_source_has_its_own_secret_and_nothing_of_another():
    assert environment(Source.ARTIFACT, TWO) == {**A, "HOME": "/"}
    assert environment(Source.HOLDOUT, TWO) == {**B, "HOME": "/"}  # no token of A


def test_one_secret_for_all_is_shared():
    assert environment(Source.LEADS, {**A, "HOME": "/"}) == {**A, "HOME": "/"}


@pytest.mark.parametrize("identity", ["AWS_WEB_IDENTITY_TOKEN_FILE", "AZURE_FEDERATED_TOKEN_FILE"])
def test_a_source_without_a_secret_logs_in_as_the_pod(identity):
    alone = {**A, **under(Source.ARTIFACT, A), identity: "/var/run/token"}
    assert environment(Source.HOLDOUT, alone) == {identity: "/var/run/token"}
    assert environment(Source.ARTIFACT, alone) == {**A, identity: "/var/run/token"}


def test_a_source_without_a_secret_in_a_pod_without_identity_takes_the_artifacts_as_before():
    alone = {**A, **under(Source.ARTIFACT, A)}
    assert environment(Source.HOLDOUT, alone) == A
    assert environment(Source.LEADS, TWO) == {**A, "HOME": "/"}
    leads = {**B, **under(Source.LEADS, B)}
    assert environment(Source.ARTIFACT, leads) == B


def test_texts_have_secrets_of_their_own_which_count_for_no_leads():
    both = {**A, **under(Source.LEADS, A), **under(Source.TEXT_MODEL, B)}
    assert environment(Source.TEXT_MODEL, both) == B  # no token of A
    assert environment(Source.MESSAGES, both) == B
    assert environment(Source.ARTIFACT, both) == A
    assert environment(Source.HOLDOUT, under(Source.TEXT_MODEL, B)) == {}
    assert environment(Source.MESSAGES, {**A, **under(Source.LEADS, A)}) == A, (
        "a control: without any, the leads'"
    )
