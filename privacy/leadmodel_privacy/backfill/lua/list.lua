#!lua
-- Replaces elements, found by digest anywhere within a window. ARGV: first, last index, then digest, new … Returns {applied, missed}.
local from, wanted, requested, seen, applied = tonumber(ARGV[1]), {}, 0, 0, 0
for i = 3, #ARGV, 2 do
  if not wanted[ARGV[i]] then requested = requested + 1 end
  wanted[ARGV[i]] = {ARGV[i + 1], false}
end
for place, item in ipairs(redis.call('LRANGE', KEYS[1], from, ARGV[2])) do
  local change = wanted[redis.sha1hex(item)]
  if change then
    redis.call('LSET', KEYS[1], from + place - 1, change[1])
    applied = applied + 1
    if not change[2] then
      change[2] = true
      seen = seen + 1
    end
  end
end
return {applied, requested - seen}
