-- Which buttons Argo CD offers for a LeadModel. Each writes one annotation: no difference to Git, self-heal leaves it alone.
local status = obj.status or {}
local annotations = obj.metadata.annotations or {}
local paused = annotations["customerops.dev/paused"] == "true"
local paused_in_git = obj.spec ~= nil and obj.spec.paused == true
local candidate, previous, rollout = status.candidate, status.previous, status.rollout

local refused = {}
local release = false
for _, entry in ipairs(status.quarantine or {}) do
  refused[entry.digest] = true
  if entry.kind ~= "Gate" then
    release = true
  end
end
local challenger = status.challenger
local stepping = challenger ~= nil and challenger["until"] == nil and challenger.step ~= nil
local held = status.hold ~= nil and candidate ~= nil and candidate.digest ~= nil
local going = rollout ~= nil or held or stepping
  or (candidate ~= nil and candidate.digest ~= nil and candidate.verdict == nil)
local back = previous ~= nil and previous.servedAt ~= nil and not refused[previous.digest]

return {
  ["poll"] = {displayName = "Ask the source now", iconClass = "fa fa-fw fa-cloud-download", disabled = paused or paused_in_git},
  ["abort"] = {displayName = "Abort candidate or rollout", iconClass = "fa fa-fw fa-ban", disabled = not going or paused or paused_in_git},
  ["promote"] = {displayName = "Promote canary now", iconClass = "fa fa-fw fa-fast-forward", disabled = not stepping or paused or paused_in_git},
  ["rollback"] = {displayName = "Roll back to previous", iconClass = "fa fa-fw fa-undo", disabled = not back or paused or paused_in_git},
  ["release"] = {displayName = "Release newest quarantine or hold", iconClass = "fa fa-fw fa-unlock", disabled = not (release or held) or paused or paused_in_git},
  ["refresh"] = {displayName = "Take the operator's present image", iconClass = "fa fa-fw fa-refresh", disabled = status.champion == nil or paused or paused_in_git},
  ["pause"] = {displayName = "Pause", iconClass = "fa fa-fw fa-pause", disabled = paused or paused_in_git},
  ["resume"] = {displayName = "Resume", iconClass = "fa fa-fw fa-play", disabled = not paused}
}
