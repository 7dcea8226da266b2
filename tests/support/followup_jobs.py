"""Two workers on the queue `sms`: that of follow-ups, and as the control RQ's own with its JSON serializer.

`python -m support.followup_jobs own|plain PORT` empties the queue and prints the ids that were sent, one per line.
"""

import sys

import redis
from rq import Queue
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from leadmodel_followup.worker.jobs import worker

if __name__ == "__main__":
    client = redis.Redis(port=int(sys.argv[2]))
    if sys.argv[1] == "own":
        worker(client, "sms", print).work(burst=True, logging_level="WARNING")
    else:
        plain = Queue("sms", connection=client, serializer=JSONSerializer)
        SimpleWorker([plain], connection=client, serializer=JSONSerializer).work(burst=True)
