#!lua
-- Replaces field values that have not changed since they were read. ARGV: 1 where fields can expire, then field, digest, new …
-- HSET would end a field's expiry, so the script reads the expiry first and sets it again. Returns {applied, missed}.
local can_expire, applied, missed = ARGV[1] == '1', 0, 0
for i = 2, #ARGV, 3 do
  local field = ARGV[i]
  local now = redis.call('HGET', KEYS[1], field)
  if now and redis.sha1hex(now) == ARGV[i + 1] then
    local ends = can_expire and redis.call('HPEXPIRETIME', KEYS[1], 'FIELDS', 1, field)[1] or -1
    redis.call('HSET', KEYS[1], field, ARGV[i + 2])
    if ends > 0 then redis.call('HPEXPIREAT', KEYS[1], string.format('%.0f', ends), 'FIELDS', 1, field) end
    applied = applied + 1
  else
    missed = missed + 1
  end
end
return {applied, missed}
