-- What all scripts share; stands in front of each. KEYS[1] is the root of one tenant's key-space, fu:{tenant}. Every key of a script begins
-- with the root, so that all lie in one hash slot. KEYS[2] is the root of one plan's lists, fu:{tenant}:q:<tag>,
-- with the tag with which the ids of all follow-ups of the plan begin. ARGV[1] is the time in milliseconds, or '' for the server's clock. ARGV[2] is the time in
-- milliseconds for which the record of an ended follow-up is kept.
--   root:f:<id>        hash, one follow-up         root:q:<tag>:due      sorted set, waiting: when due
--   root:c:<contact>   hash, consents and ids      root:q:<tag>:open     sorted set, sending or unknown: when to look what became of it
--   root:a:<address>   set, contacts               root:q:<tag>:unknown  sorted set, unknown: since when
--                                                  root:q:<tag>:<hour>   hash, how many were sent and failed in an hour since 1970
--                                                  root:q:<tag>:news     list, events that another plan applied: channel, step, kind
--                                                  root:q:<tag>:arms    hash, leads by arm of an experiment and what became of them
--                                                  root:q:<tag>:key      string, fingerprint of the contact key, and generation
--   root:stop:<hash>   hash, of a contact or an address: when it opted out, by the contact or address from which the opt-out came
--   root:start:<hash>  string, when the latest word to start again came from an address              root:rl:<name>  string, rates
--   root:ev            stream, events of providers that wait to be applied   root:in:<name>  string, when a message first came in
--   root:aside         stream, events that the ledger refused again and again, for eight days   root:refused  hash, how often, of those in root:ev
local root, keep = KEYS[1], ARGV[2]
local micros
if ARGV[1] == '' then
  local time = redis.call('TIME')
  micros = time[1] * 1000000 + time[2]
else
  micros = tonumber(ARGV[1]) * 1000
end
local now = math.floor(micros / 1000)
local HOUR = 3600000
local CROWD = 1000 -- most follow-ups of a person, and people behind an address: one call looks at all of them
local LONGEST = 366 * 24 * HOUR -- no window of a cap and no retention reaches back longer
local due, open, unknown = KEYS[2] .. ':due', KEYS[2] .. ':open', KEYS[2] .. ':unknown'
local function record(id) return root .. ':f:' .. id end
local function person(contact) return root .. ':c:' .. contact end
local function stop_key(hash) return root .. ':stop:' .. hash end
local function start_key(hash) return root .. ':start:' .. hash end
local function whole(number) return string.format('%.0f', number) end

-- Takes a follow-up off the lists of its plan, which may be another than that of the caller. Returns the root of these lists.
local function take_off(id)
  local lists = root .. ':q:' .. id:sub(1, 4)
  for _, list in ipairs({':due', ':open', ':unknown'}) do redis.call('ZREM', lists .. list, id) end
  return lists
end

-- The end of a follow-up: its record lives on for the retention.
local function finish(id, state, why)
  redis.call('HSET', record(id), 'state', state, 'why', why)
  redis.call('PEXPIRE', record(id), keep)
  local lists = take_off(id)
  if state == 'sent' or state == 'failed' then
    local hour = lists .. ':' .. whole(math.floor(now / HOUR))
    redis.call('HINCRBY', hour, state, 1)
    redis.call('PEXPIRE', hour, 25 * HOUR)
  end
end
