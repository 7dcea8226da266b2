-- What all scripts share; stands in front of each. KEYS[1] is the root of one tenant's key-space, fu:{tenant}. Every key of a script begins
-- with the root, so that all lie in one hash slot. ARGV[1] is the time in milliseconds, or '' for the server's clock. ARGV[2] is the time in
-- milliseconds for which the record of an ended follow-up is kept.
--   root:f:<id>        hash, one follow-up         root:due      sorted set, waiting: when due
--   root:c:<contact>   hash, consents and ids      root:open     sorted set, sending or unknown: when to look what became of it
--   root:a:<address>   set, contacts               root:unknown  sorted set, unknown: since when
--   root:stop:<hash>   string, opted out since when; contact or address       root:rl:<name>  string, rates
local root, keep = KEYS[1], ARGV[2]
local micros
if ARGV[1] == '' then
  local time = redis.call('TIME')
  micros = time[1] * 1000000 + time[2]
else
  micros = tonumber(ARGV[1]) * 1000
end
local now = math.floor(micros / 1000)
local due, open, unknown = root .. ':due', root .. ':open', root .. ':unknown'
local function record(id) return root .. ':f:' .. id end
local function person(contact) return root .. ':c:' .. contact end
local function stop_key(hash) return root .. ':stop:' .. hash end
local function whole(number) return string.format('%.0f', number) end

-- The end of a follow-up: its record lives on for the retention.
local function finish(id, state, why)
  redis.call('HSET', record(id), 'state', state, 'why', why)
  redis.call('PEXPIRE', record(id), keep)
  for _, list in ipairs({due, open, unknown}) do redis.call('ZREM', list, id) end
end

-- Ids of all follow-ups of a contact.
local function ids_of(contact)
  local ids = {}
  for _, field in ipairs(redis.call('HKEYS', person(contact))) do
    if field:sub(1, 2) == 'f:' then ids[#ids + 1] = field:sub(3) end
  end
  return ids
end

-- Cancels what waits; an open attempt keeps the reason, so that it is not tried again. Returns how many were cancelled.
local function cancel_all(contact, why)
  local cancelled = 0
  for _, id in ipairs(ids_of(contact)) do
    local state = redis.call('HGET', record(id), 'state')
    if state == 'waiting' then
      finish(id, 'cancelled', why)
      cancelled = cancelled + 1
    elseif state == 'sending' or state == 'unknown' then
      redis.call('HSET', record(id), 'halt', why)
    end
  end
  return cancelled
end

-- Calls a function with each address, by its hash, for which a contact gave consent.
local function each_address(contact, visit)
  local fields = redis.call('HGETALL', person(contact))
  for i = 1, #fields, 2 do
    local address = fields[i]:sub(1, 4) == 'yes:' and fields[i + 1]:match('^%S+') or '-'
    if address ~= '-' then visit(address) end
  end
end

-- Records the opt-out of a contact with all addresses of that contact. Returns how many follow-ups were cancelled.
local function stop_contact(contact)
  local function stop(hash) redis.call('SET', stop_key(hash), whole(now), 'NX') end
  stop(contact)
  each_address(contact, stop)
  return cancel_all(contact, 'stopped')
end
