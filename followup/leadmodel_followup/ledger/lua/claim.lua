-- Takes follow-ups that are due; another taker sees them again when the lease ends. ARGV: how many, milliseconds of the lease.
-- Returns for each: id, lead, contact, channel, step, due.
local claims = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, ARGV[3])) do
  redis.call('ZADD', due, now + ARGV[4], id)
  local fields = redis.call('HMGET', record(id), 'lead', 'contact', 'channel', 'step', 'due')
  claims[#claims + 1] = {id, unpack(fields)}
end
return claims
