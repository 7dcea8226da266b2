-- Counts of a plan. Returns how many wait, are open, are unknown, were sent and failed in this hour and the 23 before, and when the oldest that
-- waits is due, or ''.
local sent, failed = 0, 0
for hour = math.floor(now / HOUR) - 23, math.floor(now / HOUR) do
  local counts = redis.call('HMGET', KEYS[2] .. ':' .. whole(hour), 'sent', 'failed')
  sent, failed = sent + (tonumber(counts[1] or 0) or 0), failed + (tonumber(counts[2] or 0) or 0)
end
local oldest = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')[2]
return {redis.call('ZCARD', due), redis.call('ZCARD', open), redis.call('ZCARD', unknown), sent, failed, oldest or ''}
