-- Puts events into the stream, all or none. ARGV: the longest that the stream may be, then per event: '' or the name of a message without a time,
-- for which the time of its first copy stands, and the event. Returns how many were put, 0 where there is no room.
local stream, LATE_MS = root .. ':ev', 8 * 86400000
if redis.call('XLEN', stream) + (#ARGV - 3) / 2 > tonumber(ARGV[3]) then return 0 end
for i = 4, #ARGV, 2 do
  local at = ''
  if ARGV[i] ~= '' then
    local name = root .. ':in:' .. ARGV[i]
    redis.call('SET', name, whole(now), 'NX', 'PX', LATE_MS)
    at = redis.call('GET', name)
  end
  redis.call('XADD', stream, '*', 'e', ARGV[i + 1], 'at', at)
end
return (#ARGV - 3) / 2
