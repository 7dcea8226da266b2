#!lua
-- Replace members by digest, wherever they moved within a window of ranks; each keeps its present score. A member that would fall on
-- another is left and named: two messages must not become one. ARGV: first, last rank, then digest, new … Returns {applied, missed, fallen …}.
if not (redis.acl_check_cmd('ZADD', KEYS[1], 0, '') and redis.acl_check_cmd('ZREM', KEYS[1], '')) then
  return redis.error_reply('NOPERM this user has no permissions to run the \'zadd\' or the \'zrem\' command')
end
local wanted, asked, seen, applied, fallen = {}, 0, 0, 0, {}
for i = 3, #ARGV, 2 do
  wanted[ARGV[i]] = ARGV[i + 1]
  asked = asked + 1
end
local there = redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[2], 'WITHSCORES')
for i = 1, #there, 2 do
  local digest = redis.sha1hex(there[i])
  local new = wanted[digest]
  if new then
    seen = seen + 1
    if redis.call('ZSCORE', KEYS[1], new) then
      fallen[#fallen + 1] = digest
    else
      redis.call('ZADD', KEYS[1], there[i + 1], new)
      redis.call('ZREM', KEYS[1], there[i])
      applied = applied + 1
    end
  end
end
return {applied, asked - seen, unpack(fallen)}
