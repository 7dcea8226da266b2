#!lua
-- Takes the lease if it is free or held by this owner. Each taking raises the fence, which tells a holder that slept too long from the next.
-- KEYS: lease, state. ARGV: owner, milliseconds. Returns {fence} or {0, milliseconds until the lease ends}.
local held = redis.call('GET', KEYS[1])
if held and held ~= ARGV[1] then return {0, redis.call('PTTL', KEYS[1])} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {redis.call('HINCRBY', KEYS[2], 'fence', 1)}
