-- Health of a LeadModel in Argo CD. Plain Lua 5.1: scripts in argocd-cm have neither `string` nor `math`.
local status = obj.status
if status == nil or status.conditions == nil then
  return {status = "Progressing", message = "waiting for the LeadModel operator"}
end
if status.observedGeneration == nil or status.observedGeneration < obj.metadata.generation then
  return {status = "Progressing", message = "waiting for the LeadModel operator to read this change"}
end

local conditions = {}
for _, condition in ipairs(status.conditions) do
  conditions[condition.type] = condition
end

local function says(kind, answer)
  local found = conditions[kind]
  return found ~= nil and found.status == answer
end

local function reason(kind)
  local found = conditions[kind]
  return found ~= nil and found.reason or ""
end

local function told(kind)
  local found = conditions[kind]
  if found == nil then
    return kind
  end
  if found.message == nil or found.message == "" then
    return found.reason
  end
  return found.reason .. ": " .. found.message
end

if says("Stalled", "True") then
  local message = told("Ready")
  if told("Stalled") ~= message then
    message = message .. "; " .. told("Stalled")
  end
  return {status = "Degraded", message = message}
end
if status.phase == "Paused" then
  return {status = "Suspended", message = "paused; " .. told("Ready")}
end
if says("Reconciling", "True") then
  return {status = "Progressing", message = told("Reconciling")}
end
if says("Ready", "False") then
  local predictor = obj.spec ~= nil and obj.spec.predictor or nil
  if predictor ~= nil and predictor.replicas == 0 and reason("Ready") == "Unavailable" then
    return {status = "Suspended", message = "scaled to no pods"}
  end
  return {status = "Degraded", message = told("Ready")}
end
if not says("Ready", "True") then
  return {status = "Progressing", message = told("Ready")}
end
local backfill = reason("BackfillHealthy")
if says("BackfillHealthy", "False") and (backfill == "Failed" or backfill == "Overdue" or backfill == "CannotStart") then
  return {status = "Degraded", message = "PII backfill " .. told("BackfillHealthy")}
end
if says("FollowUpsHealthy", "False") then
  return {status = "Degraded", message = "follow-ups " .. told("FollowUpsHealthy")}
end
local message = told("Ready")
if says("DriftDetected", "True") then
  message = message .. "; live leads drift, " .. told("DriftDetected")
end
if says("SourceReachable", "False") then
  message = message .. "; the source, " .. told("SourceReachable")
end
if says("RetrainingHealthy", "False") then
  message = message .. "; retraining, " .. told("RetrainingHealthy")
end
if says("EnrichmentHealthy", "False") then
  message = message .. "; the text model, " .. told("EnrichmentHealthy")
end
return {status = "Healthy", message = message}
