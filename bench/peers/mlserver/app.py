"""MLServer with its own scikit-learn runtime, protocol V2, at its fastest setting: no worker process beside the server, no metrics.

Columns come ready made (lengths and hours instead of texts and instants), for its runtime takes what the pipeline takes.

    python app.py PORT model.json model.joblib
"""

import json
import os
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    port, _, pipeline = sys.argv[1:4]
    folder = Path(tempfile.gettempdir()) / f"leadmodel-bench-mlserver-{port}"
    folder.mkdir(exist_ok=True)
    settings = {
        "debug": False,
        "parallel_workers": 0,
        "http_port": int(port),
        "grpc_port": int(port) + 1,
        "metrics_endpoint": None,
    }
    model = {
        "name": "leads",
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": pipeline, "content_type": "pd"},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    (folder / "model-settings.json").write_text(json.dumps(model))
    os.execv(str(Path(sys.executable).with_name("mlserver")), ["mlserver", "start", str(folder)])
