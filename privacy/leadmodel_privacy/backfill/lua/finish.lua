#!lua
-- Ends a whole run, only for the lease's holder: drops the checkpoint, keeps the stamps if requested, writes fields for later runs.
-- KEYS: lease, state, changed, clean, stamps. ARGV: owner, fence, 1 to keep stamps, seconds that stamps live, fields and values. Returns 1 or 0.
if (redis.call('GET', KEYS[1]) or ARGV[1]) ~= ARGV[1] or redis.call('HGET', KEYS[2], 'fence') ~= ARGV[2] then return 0 end
redis.call('HDEL', KEYS[2], 'checkpoint')
for i = 5, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('DEL', KEYS[3])
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[4]) == 1 then
  redis.call('RENAME', KEYS[4], KEYS[5])
  redis.call('EXPIRE', KEYS[5], ARGV[4])
else
  redis.call('DEL', KEYS[4])
end
return 1
