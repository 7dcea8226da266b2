#!lua
-- Replaces the value if it has not changed since it was read. ARGV: digest of the old value, new value. Returns {applied, missed}.
local now = redis.call('GET', KEYS[1])
if not now or redis.sha1hex(now) ~= ARGV[1] then return {0, 1} end
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return {1, 0}
