-- Observe and report, change nothing.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["customerops.dev/paused"] = "true"
return obj
