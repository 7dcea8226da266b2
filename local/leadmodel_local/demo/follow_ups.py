"""Follow-ups of the demo: two people are written to, one of them says STOP. Nothing leaves this machine."""

import json
import sys
import time
import urllib.request
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from leadmodel_local.demo.run import DemoRun
from leadmodel_local.demo.sandbox import FOLLOW_UPS, KEY, Sandbox, StepFailed
from leadmodel_local.serving.listener import HOST
from leadmodel_messages.commands import Program

TIMEOUT_S = 10.0


def write_to_leads(demo: DemoRun) -> str:
    """Score two leads, hand them in with their scores, and stop one of the two sequences after its first message."""
    sandbox, load = demo.sandbox, demo.load
    assert load is not None
    sandbox.apply("Apply", more=FOLLOW_UPS)
    sandbox.wait("follow-ups are healthy", lambda: _is_healthy(sandbox))
    scores = [_post(str(sandbox.status()["url"]), json.loads(lead))["score"] for lead in load.leads[:2]]
    stopped, other = (
        _hand_in(sandbox, person, score) for person, score in zip(("a", "b"), scores, strict=True)
    )
    for steps in (stopped, other):
        _wait_sent(sandbox, "the first message", steps["hello"])
    if _state(sandbox, stopped["reminder"]) != "waiting":
        raise StepFailed("the reminder did not wait")
    answer = _stop(sandbox, "a")
    _wait_sent(sandbox, "the reminder of the other", other["reminder"])
    if _state(sandbox, stopped["reminder"]) != "cancelled":
        raise StepFailed(f"after STOP the reminder is {_state(sandbox, stopped['reminder'])}")
    sent = sandbox.wait("status has it", lambda: _sent(sandbox) == 3 and 3)
    demo.check_requests()
    return (
        f"leads with scores {scores[0]:.2f} and {scores[1]:.2f} got a message each; one said STOP ({answer}), the other got the "
        f"reminder: {sent} messages, all to the log of this machine"
    )


def _wait_sent(sandbox: Sandbox, message: str, follow_up: str) -> None:
    sandbox.wait(f"{message} leaves", lambda: _state(sandbox, follow_up) == "sent")


def _is_healthy(sandbox: Sandbox) -> bool:
    healthy = next(c for c in sandbox.status()["conditions"] if c["type"] == "FollowUpsHealthy")
    return bool(healthy["status"] == "True")


def _sent(sandbox: Sandbox) -> int:
    return int((sandbox.status().get("followUps") or {}).get("sent24h", 0))


def _hand_in(sandbox: Sandbox, person: str, score: float) -> Mapping[str, str]:
    """Hand a lead with consent in. Returns the ids of its follow-ups by step."""
    at = datetime.fromtimestamp(time.time(), UTC).isoformat()
    lead = {
        "lead": f"lead-{person}",
        "person": person,
        "at": at,
        "score": score,
        "addresses": {"sms": f"+1202555010{ord(person) % 10}"},
        "consents": {"sms": {"at": at, "source": "form"}},
    }
    return {step["step"]: step["id"] for step in _intake(sandbox, "/followups", lead)["steps"]}


def _state(sandbox: Sandbox, follow_up: str) -> str:
    return str(_intake(sandbox, f"/followups/{follow_up}")["state"])


def _stop(sandbox: Sandbox, person: str) -> str:
    """Record an opt-out as a person in the sales team would. Returns what the program answers."""
    folder, secrets = sandbox.model.follow_ups, sandbox.model.root / ".secrets" / KEY.namespace
    command = [sys.executable, "-m", Program.FOLLOWUP.module, "stop", person]
    command += [f"--settings={folder / 'followups.json'}", f"--contact-key={secrets / 'followups.key'}"]
    url = (sandbox.model.root / ".valkey" / "url").read_text(encoding="utf-8").strip()
    return sandbox.answer(sandbox.program(command, {"LEADMODEL_REDIS_URL": url}))


def _intake(sandbox: Sandbox, path: str, body: Any = None) -> dict[str, Any]:
    port = (sandbox.model.follow_ups / "port").read_text(encoding="utf-8").strip()
    token = sandbox.model.root / ".secrets" / KEY.namespace / "followups.token"
    header = {"Authorization": f"Bearer {token.read_text(encoding='utf-8').strip()}"}
    return _post(f"http://{HOST}:{port}{path}", body, header)


def _post(url: str, body: Any, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """POST a document, or GET where there is none, past any proxy."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, dict(headers or {}))  # noqa: S310  # the demo's own
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=TIMEOUT_S) as answer:
        answered: dict[str, Any] = json.load(answer)
    return answered
