#!lua
-- Replaces a document that has not changed since it was read. ARGV: digest of its text, new text. Returns {applied, missed}.
local now = redis.call('JSON.GET', KEYS[1], '.')
if not now or redis.sha1hex(now) ~= ARGV[1] then return {0, 1} end
redis.call('JSON.SET', KEYS[1], '.', ARGV[2])
return {1, 0}
