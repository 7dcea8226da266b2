-- Applies events of providers, in any order and any number of times to the same end: times only move to the earlier, ranks only up.
-- ARGV, per event: channel, id or '', kind, when, hash of the address or '', contact or '', code, the provider's id.
-- Returns per event what was new of follow-ups of the caller's plan: channel, step, kind, and so on; false for an event that failed by itself.
-- Where the server takes no writes at all, no event is to blame: the whole call fails.
local channel, id, kind, at, address, contact, code, pid, new
local RANK = {queued = 1, sending = 2, sent = 3, delivered = 4, opened = 5, read = 6, clicked = 7, replied = 8}
local SCANNER_MS = 2000
local OF_SERVER = {OOM = true, MISCONF = true, READONLY = true, NOREPLICAS = true, MASTERDOWN = true, NOPERM = true}
local TAG, MOST = KEYS[2]:match('[^:]+$'), 10000

-- Notes what is new of a follow-up: for the caller, or where it is of another plan for a consumer of that plan, whose metrics count it.
local function add(one, name)
  local own, step = unpack(redis.call('HMGET', record(one), 'channel', 'step'))
  if one:sub(1, 4) == TAG then
    for _, value in ipairs({own, step, name}) do new[#new + 1] = value end
  else -- check: plan
    local news = root .. ':q:' .. one:sub(1, 4) .. ':news'
    redis.call('RPUSH', news, own .. ' ' .. step .. ' ' .. name)
    redis.call('LTRIM', news, -MOST, -1)
    redis.call('PEXPIRE', news, 25 * HOUR)
  end
  if name == 'delivered' or name == 'clicked' then count_follow_up(one, name) end
  local reach = redis.call('HGET', record(one), 'reach')
  if (RANK[name] or 0) > (RANK[reach or ''] or 0) then redis.call('HSET', record(one), 'reach', name) end -- check: rank
end

-- The time of the first event of a kind. Returns whether this event is the earliest so far.
local function first(one, name)
  local before = tonumber(redis.call('HGET', record(one), 'e:' .. name))
  if before and before <= at then return false end
  redis.call('HSET', record(one), 'e:' .. name, whole(at))
  if not before then add(one, name) end
  return true
end

-- Clicks count from the delivery on: earlier than two seconds after it, a scanner of links follows them.
local function clicks()
  local low, high = (redis.call('HGET', record(id), 'clicks') or ''):match('^(%d+) (%d+)')
  if kind == 'clicked' then
    low, high = math.min(tonumber(low or at), at), math.max(tonumber(high or at), at)
    redis.call('HSET', record(id), 'clicks', whole(low) .. ' ' .. whole(high))
  end
  local delivered = tonumber(redis.call('HGET', record(id), 'e:delivered'))
  if not (low and delivered) then return end
  for name, fits in pairs({scanned = tonumber(low) < delivered + SCANNER_MS, clicked = tonumber(high) >= delivered + SCANNER_MS}) do
    if fits and redis.call('HSETNX', record(id), 'e:' .. name, 1) == 1 then add(id, name) end
  end
end

-- The follow-up that a reply answers: the last one before it on the channel, or on any where the channel is ''.
local function answered(one)
  local last, began = nil, -1
  for _, other in ipairs(ids_of(one)) do
    local when = tonumber(redis.call('HGET', person(one), 'f:' .. other))
    if when and when <= at and when > began and (channel == '' or redis.call('HGET', record(other), 'channel') == channel) then
      last, began = other, when
    end
  end
  return last
end

local function replied(one)
  local follow_up = answered(one)
  if follow_up then first(follow_up, 'replied') end
  end_sequence(one, 'replied', at)
end

local function apply()
  local people = {}
  if contact ~= '' then people[contact] = true end
  local state, attempt, own_contact, own_channel, began = unpack(redis.call('HMGET', record(id), 'state', 'n', 'contact', 'channel', 'began'))
  local ours = attempt and own_channel == channel
  if ours then
    if kind == 'opted-out' and code ~= '' then at = math.min(at, tonumber(began)) end -- a refusal: it was so before the attempt
    people[own_contact] = true
    if state ~= 'sent' then went_out(id, own_contact, pid) end -- check: proof
    -- Beyond CROWD, too: a bound here would lose STOP from the address. Each such person was written to first, so that nobody adds many.
    if address ~= '' and redis.call('SADD', root .. ':a:' .. address, own_contact) == 1 then
      redis.call('HSET', person(own_contact), 'via:' .. address, '')
    end
    if kind ~= 'clicked' and first(id, kind) and kind == 'failed' then redis.call('HSET', record(id), 'code', code) end
    clicks()
  end
  if address ~= '' then
    for _, one in ipairs(redis.call('SMEMBERS', root .. ':a:' .. address)) do people[one] = true end
  end
  if kind == 'replied' then
    for one in pairs(people) do replied(one) end
  elseif kind == 'opted-in' and address ~= '' then
    start(address, at)
  elseif kind == 'opted-out' then
    for one in pairs(people) do
      local follow_up = not ours and answered(one)
      if follow_up then first(follow_up, 'opted-out') end
    end
    if address ~= '' then -- once: it looks at all people behind the address, among them whose message this is
      stop_all(address, at, contact)
    else
      if ours then opted_out(id, at) end
      if contact ~= '' and not (ours and contact == own_contact) then stop_all(contact, at, '') end
    end
  end
end

local answers = {}
for i = 3, #ARGV, 8 do
  channel, id, kind, at, address, contact, code, pid = unpack(ARGV, i, i + 7)
  at, new = tonumber(at), {}
  local applied, problem = pcall(apply)
  local text = type(problem) == 'table' and problem.err or tostring(problem)
  if not applied and OF_SERVER[text:match('^-?(%u+)') or ''] then return redis.error_reply(text) end -- check: server
  answers[#answers + 1] = applied and new
end
return answers
