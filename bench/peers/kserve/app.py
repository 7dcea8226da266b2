"""KServe's model server around the scikit-learn pipeline, as a custom model of protocol V1, one worker, HTTP only.

python app.py PORT model.json model.joblib
"""

import logging
import sys
from pathlib import Path

from kserve import Model, ModelServer

sys.path.append(str(Path(__file__).parents[1]))
from pipeline import Scorer


class Leads(Model):
    """The pipeline behind KServe's interface."""

    def __init__(self, document, pipeline):
        super().__init__("leads")
        self.scorer = Scorer(document, pipeline)
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):  # noqa: ARG002  # KServe calls it so
        """Instances → predictions."""
        return {"predictions": self.scorer.scores(payload["instances"])}


if __name__ == "__main__":
    logging.disable(logging.INFO)
    server = ModelServer(http_port=int(sys.argv[1]), enable_grpc=False, workers=1, access_log_format=None)
    server.start([Leads(*sys.argv[2:4])])
