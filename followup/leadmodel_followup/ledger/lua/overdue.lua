-- Takes attempts whose outcome nobody recorded in time; another taker sees them again later. ARGV: how many, milliseconds until then.
-- Returns for each: id, lead, contact, channel, step, due, attempt, when it began, hash of the message.
redis.call('ZREMRANGEBYSCORE', unknown, '-inf', now - keep)
local attempts = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', open, '-inf', now, 'LIMIT', 0, ARGV[3])) do
  if redis.call('HGET', record(id), 'state') == 'sending' then
    redis.call('HSET', record(id), 'state', 'unknown', 'why', 'no-outcome')
    redis.call('ZADD', unknown, now, id)
  end
  redis.call('ZADD', open, now + ARGV[4], id)
  local fields = redis.call('HMGET', record(id), 'lead', 'contact', 'channel', 'step', 'due', 'n', 'began', 'message')
  attempts[#attempts + 1] = {id, unpack(fields)}
end
return attempts
