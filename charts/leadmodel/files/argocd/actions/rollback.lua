-- Serve the previous model and quarantine the champion; names the digest that status shows at this click.
local os = require("os")
local previous = obj.status ~= nil and obj.status.previous or nil
if previous == nil then
  error("there is no previous model to go back to")
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["customerops.dev/rollback-to"] = previous.digest .. "@" .. os.time()
return obj
