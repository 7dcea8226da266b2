"""A settings document in which every field has a value of its own."""

from leadmodel_followup.settings.settings import SCHEMA

WHOLE = {
    "schema": SCHEMA,
    "tenant": "acme",
    "plan": "plan",
    "suspend": True,
    "publicUrl": "https://acme.example.org/",
    "channels": [
        {"name": "sms", "provider": "Twilio", "from": "+15550100", "perSecond": 2, "burst": 3},
        {"name": "mail", "provider": "Console"},
    ],
    "bands": [
        {
            "name": "hot",
            "minScore": 0.7,
            "intents": ["buy"],
            "steps": [
                {"name": "hello", "after": "1h", "channel": "sms", "template": "greeting"},
                {"name": "again", "after": "48h", "channel": "mail"},
            ],
        }
    ],
    "silentIntents": ["complaint"],
    "arms": ["control", "early"],
    "quietHours": {
        "opens": "10:00",
        "closes": "18:30",
        "days": ["Mon", "Fri"],
        "timeZone": "Europe/Berlin",
        "channels": ["sms"],
    },
    "limits": {"perSecond": 20, "burst": 40, "recipientSeconds": 10},
    "caps": [{"messages": 2, "window": "12h"}],
    "onUnknown": "Resend",
    "reconcileFor": "12h",
    "retention": "240h",
    "generation": 2,
    "maxSegments": 2,
    "footer": "Acme, 1 Way",
    "links": {"demo": "https://acme.example.org/demo/"},
    "worker": {"concurrency": 8},
    "addedLater": {"a": [1]},
}
