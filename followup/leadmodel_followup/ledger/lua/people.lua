-- What scripts share that look at the contact behind a follow-up; stands between common.lua and them.

-- Leads in arms of experiments: a field of the contact has the second in which a lead came in, its arm, and a letter for each of these that was
-- counted of it. Short, because it stands beside each lead that waits.
local LETTERS = {scheduled = 'S', sent = 'T', delivered = 'D', clicked = 'C', replied = 'R', converted = 'K', ['opted-out'] = 'O'}
local function arm_field(tag, lead) return 'v:' .. tag .. redis.sha1hex(lead):sub(1, 6) end
local function arm_value(at, arm) return string.format('%08x', math.max(0, math.floor(at / 1000))) .. arm end
local function arm_since(value) return tonumber(value:sub(1, 8), 16) * 1000 end
local function count_in_arm(tag, arm, what) redis.call('HINCRBY', root .. ':q:' .. tag .. ':arms', arm .. ' ' .. what, 1) end

-- Counts something of a lead once, in its arm.
local function count_lead(contact, field, what)
  local value = redis.call('HGET', person(contact), field)
  local arm, counted = (value or ''):match('^%x%x%x%x%x%x%x%x(%U+)(%u*)$')
  if not arm or counted:find(LETTERS[what], 1, true) then return end -- check: once
  redis.call('HSET', person(contact), field, value .. LETTERS[what])
  count_in_arm(field:sub(3, 6), arm, what)
end

-- Counts what happened to a follow-up for its lead.
local function count_follow_up(id, what)
  local contact, lead = unpack(redis.call('HMGET', record(id), 'contact', 'lead'))
  count_lead(contact, arm_field(id:sub(1, 4), lead), what)
end

-- Counts what a person did for each lead of theirs from before.
local function count_person(contact, what, at)
  local fields = redis.call('HGETALL', person(contact))
  for i = 1, #fields, 2 do
    if fields[i]:sub(1, 2) == 'v:' and arm_since(fields[i + 1]) <= at then count_lead(contact, fields[i], what) end
  end
end

-- The provider took the message of the last attempt, which counts for caps again if it was thought not to have left.
local function went_out(id, contact, pid)
  finish(id, 'sent', 'accepted')
  redis.call('HDEL', record(id), 'halt')
  redis.call('HSET', record(id), 'pid', pid)
  redis.call('HSET', person(contact), 'f:' .. id, redis.call('HGET', record(id), 'began'))
  count_follow_up(id, 'sent')
end

-- Ids of all follow-ups of a contact.
local function ids_of(contact)
  local ids = {}
  for _, field in ipairs(redis.call('HKEYS', person(contact))) do
    if field:sub(1, 2) == 'f:' then ids[#ids + 1] = field:sub(3) end
  end
  return ids
end

-- Cancels what waits; an open attempt keeps the reason, so that it is not tried again; an opt-out stands above other reasons. Returns how many
-- were cancelled.
local function cancel_all(contact, why)
  local cancelled = 0
  for _, id in ipairs(ids_of(contact)) do
    local state = redis.call('HGET', record(id), 'state')
    if state == 'waiting' then
      finish(id, 'cancelled', why)
      cancelled = cancelled + 1
    elseif state == 'cancelled' and why == 'stopped' then
      redis.call('HSET', record(id), 'why', why)
    elseif state == 'sending' or state == 'unknown' then
      redis.call(why == 'stopped' and 'HSET' or 'HSETNX', record(id), 'halt', why)
    end
  end
  return cancelled
end

local function fields_of(contact) return redis.call('HGETALL', person(contact)) end

-- Calls a function with each address, by its hash, for which the contact with these fields gave consent, and with the time of the consent; with
-- `past`, also with each that was theirs before and each under which a provider knows them.
local function each_address(fields, visit, past)
  for i = 1, #fields, 2 do
    local address, at = fields[i + 1]:match('^(%S+) (%d+)')
    if fields[i]:sub(1, 4) == 'yes:' and address ~= '-' then
      visit(address, tonumber(at))
    elseif past and fields[i]:sub(1, 4) == 'via:' then
      visit(fields[i]:sub(5))
    end
  end
end

-- Records the later of two times. Returns whether the new one is later.
local function raise_time(key, field, at)
  if at <= tonumber(redis.call('HGET', key, field) or -1) then return false end
  redis.call('HSET', key, field, whole(at))
  return true
end

-- That a contact opted out, answered or became a customer: what waits ends, and no lead from before gets a follow-up any more.
local function end_sequence(contact, why, at)
  if not raise_time(person(contact), why, at) then return 0 end
  count_person(contact, why == 'stopped' and 'opted-out' or why, at)
  return cancel_all(contact, why)
end

-- Records an opt-out that came at a time from an address, or for a contact: it holds for all contacts behind the address, for `contact` (or ''),
-- wherever they moved, and for all addresses that were theirs at the time. A later word to start frees the address that it came from and the contacts, and no other address; what waited
-- stays cancelled. Returns how many follow-ups were cancelled.
local function stop_all(origin, at, contact)
  local lifted = tonumber(redis.call('GET', start_key(origin)) or -1) > at
  local people, cancelled = redis.call('SMEMBERS', root .. ':a:' .. origin), 0
  people[#people + 1], people[#people + 2] = origin, contact ~= '' and contact or nil
  for _, one in ipairs(people) do
    each_address(fields_of(one), function(address, since)
      if address ~= origin and since <= at or address == origin and not lifted then raise_time(stop_key(address), origin, at) end
    end)
    if not lifted then raise_time(stop_key(one), origin, at) end
    if redis.call('EXISTS', person(one)) == 1 then cancelled = cancelled + end_sequence(one, 'stopped', at) end
  end
  return cancelled
end

-- What a provider says of the recipient of a message: an opt-out from the address that was written to, which may have moved meanwhile.
local function opted_out(id, at)
  local contact, to = unpack(redis.call('HMGET', record(id), 'contact', 'to'))
  return stop_all(to or contact, at, contact)
end

-- Lifts what came earlier from the same address, or for the same contact. Returns how many hashes are free of opt-outs now.
local function start(origin, at)
  if at > tonumber(redis.call('GET', start_key(origin)) or -1) then redis.call('SET', start_key(origin), whole(at)) end
  local hashes, freed = redis.call('SMEMBERS', root .. ':a:' .. origin), 0
  hashes[#hashes + 1] = origin
  each_address(fields_of(origin), function(address) hashes[#hashes + 1] = address end)
  for _, hash in ipairs(hashes) do
    local since = tonumber(redis.call('HGET', stop_key(hash), origin))
    if since and since < at then
      redis.call('HDEL', stop_key(hash), origin)
      freed = freed + 1 - redis.call('EXISTS', stop_key(hash))
    end
  end
  return freed
end
