#!lua
-- Renews the lease, writes the checkpoint and appends to the fingerprints, only for the lease's holder. A lease that ended and that
-- nobody has taken since, as the fence tells, is still held.
-- KEYS: lease, state, changed, clean. ARGV: owner, fence, milliseconds of the lease, checkpoint, 1 to drop the stored fingerprints,
-- seconds that fingerprints live, changed, clean. Returns 1 or 0.
if (redis.call('GET', KEYS[1]) or ARGV[1]) ~= ARGV[1] or redis.call('HGET', KEYS[2], 'fence') ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
if ARGV[4] == '' then return 1 end
redis.call('HSET', KEYS[2], 'checkpoint', ARGV[4])
for i = 3, 4 do
  if ARGV[5] == '1' then redis.call('DEL', KEYS[i]) end
  if #ARGV[i + 4] > 0 then redis.call('APPEND', KEYS[i], ARGV[i + 4]) end
  redis.call('EXPIRE', KEYS[i], ARGV[6])
end
return 1
