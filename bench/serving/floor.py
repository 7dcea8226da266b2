"""The floor: what the HTTP server costs that the predictor stands on. Same server, same settings, an answer that never changes.

python floor.py PORT [--read]     --read: read the body first
"""

import sys

import uvicorn

ANSWER = b'{"score":0.12345678901234567,"model":"lead-conversion","version":1767000000}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]
START = {"type": "http.response.start", "status": 200, "headers": HEADERS}
BODY = {"type": "http.response.body", "body": ANSWER}


async def constant(_scope, _receive, send):
    """Answer without reading the body."""
    await send(START)
    await send(BODY)


async def reading(_scope, receive, send):
    """Read the whole body, then answer."""
    while (await receive()).get("more_body"):
        pass
    await send(START)
    await send(BODY)


if __name__ == "__main__":
    uvicorn.run(
        reading if "--read" in sys.argv else constant,
        port=int(sys.argv[1]),
        http="httptools",
        loop="uvloop",
        lifespan="off",
        ws="none",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=30,
        server_header=False,
    )
