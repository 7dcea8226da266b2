-- Go on. The annotation stays: an emptied table would become a list on its way back.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["customerops.dev/paused"] = "false"
return obj
