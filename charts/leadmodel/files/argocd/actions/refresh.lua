-- Take the operator's present default image and rendering.
local os = require("os")
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["customerops.dev/refresh"] = "now@" .. os.time()
return obj
