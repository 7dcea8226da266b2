-- Lift the hold of the candidate, else the newest quarantine that only a person lifts.
local os = require("os")
local status = obj.status or {}
local digest = nil
if status.hold ~= nil and status.candidate ~= nil then
  digest = status.candidate.digest
end
for _, entry in ipairs(status.quarantine or {}) do
  if digest == nil and entry.kind ~= "Gate" then
    digest = entry.digest
  end
end
if digest == nil then
  error("nothing is quarantined or held")
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["customerops.dev/release"] = digest .. "@" .. os.time()
return obj
