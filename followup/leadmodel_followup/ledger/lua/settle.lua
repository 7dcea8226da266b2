-- Records what became of an attempt. ARGV: id, attempt, outcome (sent, failed, waiting, unknown, lost, resend), why, the provider's id, for
-- waiting and resend when to try again, for unknown when to look. Returns 'settled', 'same' where nothing changes, or 'stale' where another
-- attempt began or nobody waits for this outcome. That an attempt was sent is the truth whenever it comes. A follow-up is sent again for want
-- of an outcome once, and is lost the next time.
local id, outcome, why = ARGV[3], ARGV[5], ARGV[6]
local state, attempt, contact, halt = unpack(redis.call('HMGET', record(id), 'state', 'n', 'contact', 'halt'))
if not state or attempt ~= ARGV[4] then return 'stale' end
if state == outcome then return 'same' end
local is_open = state == 'sending' or state == 'unknown'
if not is_open and outcome ~= 'sent' then return 'stale' end

if outcome == 'resend' then
  outcome = redis.call('HSETNX', record(id), 'resent', 1) == 1 and 'waiting' or 'lost'
end

if outcome == 'sent' then
  went_out(id, contact, ARGV[7])
elseif outcome == 'failed' then
  finish(id, 'failed', why)
  if why == 'opted-out' then opted_out(id, tonumber(redis.call('HGET', record(id), 'began'))) end -- it was so before the attempt
elseif outcome == 'waiting' then
  redis.call('HSET', person(contact), 'f:' .. id, '')
  if halt then
    finish(id, 'cancelled', halt)
  else
    redis.call('HSET', record(id), 'state', 'waiting', 'why', why)
    redis.call('PERSIST', record(id))
    redis.call('ZREM', open, id)
    redis.call('ZREM', unknown, id)
    redis.call('ZADD', due, ARGV[8], id)
  end
elseif outcome == 'unknown' then
  redis.call('HSET', record(id), 'state', 'unknown', 'why', why)
  redis.call('ZADD', unknown, now, id)
  redis.call('ZADD', open, ARGV[8], id)
else -- lost: stays unknown, and nobody looks any more
  redis.call('HSET', record(id), 'state', 'unknown', 'why', why)
  redis.call('ZADD', unknown, 'NX', now, id)
  redis.call('ZREM', open, id)
  redis.call('PEXPIRE', record(id), keep)
end
return 'settled'
