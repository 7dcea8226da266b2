-- Abort the rollout that goes on, else the candidate under validation or on hold.
local os = require("os")
local status = obj.status or {}
local digest = status.rollout ~= nil and status.rollout.to or nil
if digest == nil and status.candidate ~= nil then
  digest = status.candidate.digest
end
if digest == nil and status.challenger ~= nil and status.challenger["until"] == nil then
  digest = status.challenger.digest
end
if digest == nil then
  error("there is neither a candidate nor a rollout to abort")
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["customerops.dev/abort"] = digest .. "@" .. os.time()
return obj
