-- Records an attempt before the message leaves, if all checks pass in this moment. ARGV: id, hash of the address, begin and end of the sending
-- hours, milliseconds until somebody looks what became of the attempt, hash of the message, name and digest of its texts,
-- caps (count, window)*, '', rates (name, microseconds, burst)*.
-- Returns {'go', attempt}, {'later', when, why}, {'dropped', why}, or {'gone', state} where nobody waits for an attempt.
local id, address, opens, closes = ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local state, contact, channel, attempt = unpack(redis.call('HMGET', record(id), 'state', 'contact', 'channel', 'n'))
if state ~= 'waiting' then return {'gone', state or ''} end
local fields = fields_of(contact) -- read once: a call costs more than what is done with its answer

local function dropped(why)
  finish(id, 'cancelled', why)
  return {'dropped', why}
end
local function later(when, why)
  redis.call('ZADD', due, when, id)
  return {'later', whole(when), why}
end

-- When each cap has room again; forgets follow-ups whose records are gone, once no window of any plan of the tenant reaches back to them.
local function cap_has_room_at(at)
  local free, times = 0, {}
  for i = 1, #fields, 2 do
    local other = fields[i]:match('^f:(.*)')
    local began = other and tonumber(fields[i + 1])
    if other and (not began or now - began > LONGEST) and redis.call('EXISTS', record(other)) == 0 then
      redis.call('HDEL', person(contact), fields[i])
    elseif began and other ~= id then
      times[#times + 1] = began
    end
  end
  table.sort(times, function(a, b) return a > b end)
  while ARGV[at] ~= '' do
    local count, window = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    if times[count] and times[count] + window > now then free = math.max(free, times[count] + window) end
    at = at + 2
  end
  return free, at + 1
end

-- GCRA over all rates: passes all or none. A rate is one number, the time at which its bucket is full again. Who has to wait gets a turn of
-- its own, so that many that wait do not come back all at once.
local function turn(at)
  local names, passed, worst, wait = {}, {}, nil, 0
  for i = at, #ARGV, 3 do names[#names + 1] = root .. ':rl:' .. ARGV[i] end
  local known = #names > 0 and redis.call('MGET', unpack(names))
  for i, name in ipairs(names) do
    local each, burst = tonumber(ARGV[at + 3 * i - 2]), tonumber(ARGV[at + 3 * i - 1])
    local full = math.max(tonumber(known[i] or 0), micros) + each
    passed[i] = {name, full}
    local ready = full - burst * each
    if ready - micros > wait then worst, wait = {name .. ':turn', each}, ready - micros end
  end
  if wait > 0 then
    local mine = math.max(micros + wait, tonumber(redis.call('GET', worst[1]) or 0) + worst[2])
    redis.call('SET', worst[1], whole(mine), 'PX', math.ceil((mine - micros + worst[2]) / 1000))
    return mine
  end
  for _, one in ipairs(passed) do redis.call('SET', one[1], whole(one[2]), 'PX', math.ceil((one[2] - micros) / 1000)) end
  return 0
end

local granted, stopped = '', redis.call('EXISTS', stop_key(contact), stop_key(address))
each_address(fields, function(one) stopped = stopped + (one == address and 0 or redis.call('HEXISTS', stop_key(one), one)) end, true) -- STOP from another
for i = 1, #fields, 2 do
  if fields[i] == 'yes:' .. channel then granted = fields[i + 1]:match('^%S*') end
end
if stopped > 0 then return dropped('stopped') end -- check: stop
if granted ~= address then return dropped('no-consent') end -- check: consent
if now < opens or now >= closes then return later(math.max(opens, now + 1000), 'hours') end -- check: hours
local free, rates = cap_has_room_at(10)
if free > now then return later(free, 'cap') end -- check: cap
local mine = turn(rates)
if mine > 0 then return later(math.ceil(mine / 1000), 'rate') end -- check: rate
attempt = (attempt or 0) + 1
redis.call('HSET', record(id), 'n', whole(attempt), 'state', 'sending', 'began', whole(now), 'message', ARGV[8], 'to', address, 'template', ARGV[9])
redis.call('ZREM', due, id)
redis.call('ZADD', open, now + ARGV[7], id)
redis.call('HSET', person(contact), 'f:' .. id, whole(now))
return {'go', attempt}
