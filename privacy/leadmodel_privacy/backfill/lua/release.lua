#!lua flags=allow-oom
-- Releases the lease, only for its holder, in full memory, too. KEYS: lease. ARGV: owner
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
