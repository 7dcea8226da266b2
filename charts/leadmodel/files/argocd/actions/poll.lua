-- Ask the source what it holds. The time makes each click a new request.
local os = require("os")
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["customerops.dev/poll"] = "now@" .. os.time()
return obj
