#!lua
-- Replace elements by digest, wherever they moved within a window. ARGV: first, last index, then digest, new … Returns {applied, missed}.
local from, wanted, asked, seen, applied = tonumber(ARGV[1]), {}, 0, 0, 0
for i = 3, #ARGV, 2 do
  if not wanted[ARGV[i]] then asked = asked + 1 end
  wanted[ARGV[i]] = {ARGV[i + 1], false}
end
for place, item in ipairs(redis.call('LRANGE', KEYS[1], from, ARGV[2])) do
  local found = wanted[redis.sha1hex(item)]
  if found then
    redis.call('LSET', KEYS[1], from + place - 1, found[1])
    applied = applied + 1
    if not found[2] then
      found[2] = true
      seen = seen + 1
    end
  end
end
return {applied, asked - seen}
