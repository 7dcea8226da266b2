-- Schedules follow-ups of one lead and reconsiders what waits from earlier. ARGV: contact, lead, time of the lead, whether its intent is silent
-- ('1' or ''), arm of an experiment or '', how many ids stay or '' to leave all as they are, those ids, then for each follow-up: id, due, channel, step.
-- What waits of the lead in this plan and does not stay is cancelled as superseded; a call from before the newest one of the lead changes
-- nothing. A silent intent ends what waits of leads of the contact up to its time. What ended so is taken up again where a later call schedules it.
-- Returns per follow-up 'created', 'exists', or why not: 'superseded'; 'silent-intent', 'stopped' or 'replied' where the contact said so after
-- the lead came in, 'stopped' and 'converted' also for later leads; 'too-many' of one person; 'too-old' where an attempt under the id began whose record is gone, or
-- where the lead is so old that there may have been one.
local contact, lead, at, silent, arm, staying = ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6] == '1', ARGV[7], tonumber(ARGV[8])
local tag = KEYS[2]:match('[^:]+$')
local mark = 'l:' .. tag .. lead -- the time of the newest call for a lead of which there is no record, else its records hold it

-- The records of the contact, and the time of the newest call for each of its leads by tag of the plan and lead.
local records, newest, many = {}, {}, 0
for _, id in ipairs(ids_of(contact)) do
  local state, of, since, halt = unpack(redis.call('HMGET', record(id), 'state', 'lead', 'at', 'halt'))
  if state then
    local whose = id:sub(1, 4) .. of
    records[#records + 1] = {id = id, state = state, halt = halt, whose = whose}
    newest[whose] = math.max(newest[whose] or -1, tonumber(since or -1))
  end
  local began = state and now or tonumber(redis.call('HGET', person(contact), 'f:' .. id))
  if began and now - began <= LONGEST then many = many + 1 else redis.call('HDEL', person(contact), 'f:' .. id) end
end
local older = at < math.max(newest[tag .. lead] or -1, tonumber(redis.call('HGET', person(contact), mark) or -1))

-- Ends what waits; an attempt under way keeps the reason, so that it is not repeated.
local function withdraw(one, why)
  if one.state == 'waiting' then
    finish(one.id, 'cancelled', why)
  elseif one.state == 'sending' or one.state == 'unknown' then
    redis.call('HSETNX', record(one.id), 'halt', why)
  end
end

local function reconsider(stays)
  for _, one in ipairs(records) do
    local own = one.whose == tag .. lead and not older
    if own then redis.call('HSET', record(one.id), 'at', whole(at)) end
    if silent and newest[one.whose] <= at then
      withdraw(one, 'silent-intent')
    elseif own and not stays[one.id] then
      withdraw(one, 'superseded')
    elseif own and (one.halt == 'superseded' or one.halt == 'silent-intent') then
      redis.call('HDEL', record(one.id), 'halt')
    end
  end
end

-- Times and arms of leads so old that nobody may hand them in any more are forgotten.
local function forget()
  local fields = redis.call('HGETALL', person(contact))
  for i = 1, #fields, 2 do
    local kind = fields[i]:sub(1, 2)
    local since = kind == 'l:' and tonumber(fields[i + 1]) or kind == 'v:' and arm_since(fields[i + 1])
    if since and now - since > LONGEST then redis.call('HDEL', person(contact), fields[i]) end
  end
end

local function create(id, when, channel, step)
  local state, why = unpack(redis.call('HMGET', record(id), 'state', 'why'))
  local again = state == 'cancelled' and (why == 'superseded' or why == 'silent-intent')
  if state and not again then return 'exists' end
  if older then return 'superseded' end
  if redis.call('EXISTS', stop_key(contact)) == 1 then return 'stopped' end
  local converted, stopped, replied, hushed = unpack(redis.call('HMGET', person(contact), 'converted', 'stopped', 'replied', 'silent'))
  if converted then return 'converted' end
  if stopped and tonumber(stopped) > at then return 'stopped' end
  if replied and tonumber(replied) > at then return 'replied' end
  if hushed and tonumber(hushed) >= at then return 'silent-intent' end
  if not again and tonumber(redis.call('HGET', person(contact), 'f:' .. id)) then return 'too-old' end
  if now - at > tonumber(keep) then return 'too-old' end
  if not again and many >= CROWD then return 'too-many' end -- check: many
  redis.call('HSET', record(id), 'state', 'waiting', 'due', when, 'contact', contact, 'lead', lead, 'channel', channel,
    'step', step, 'at', whole(at))
  redis.call('HDEL', record(id), 'why', 'halt')
  redis.call('PERSIST', record(id))
  redis.call('ZADD', due, when, id)
  redis.call('HSET', person(contact), 'f:' .. id, '')
  many = many + 1
  count_lead(contact, arm_field(tag, lead), 'scheduled')
  return 'created'
end

-- The first arm of a lead stands, unless the lead is so old that it is forgotten at once. What the person did since the lead came in may have
-- been told before it.
local function join(field, value)
  local since = arm_since(value)
  if now - since > LONGEST then return end -- check: year
  if redis.call('HSETNX', person(contact), field, value) == 0 then return end
  count_in_arm(tag, arm, 'leads')
  for word, what in pairs({replied = 'replied', converted = 'converted', stopped = 'opted-out'}) do
    local when = tonumber(redis.call('HGET', person(contact), word))
    if when and when >= since then count_lead(contact, field, what) end -- check: before
  end
end

if arm ~= '' and not older then join(arm_field(tag, lead), arm_value(at, arm)) end
if silent then raise_time(person(contact), 'silent', at) end
if staying then
  local stays = {}
  for i = 9, 8 + staying do stays[ARGV[i]] = true end
  reconsider(stays)
  forget()
end
local answers, recorded = {}, newest[tag .. lead] ~= nil
for i = 9 + (staying or 0), #ARGV, 4 do
  local answer = create(unpack(ARGV, i, i + 3))
  recorded = recorded or answer == 'created'
  answers[#answers + 1] = answer
end
if recorded then redis.call('HDEL', person(contact), mark) elseif staying and not older then redis.call('HSET', person(contact), mark, whole(at)) end
return answers
