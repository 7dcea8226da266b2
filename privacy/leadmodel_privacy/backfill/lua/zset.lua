#!lua
-- Replaces members, found by digest anywhere within a window of ranks; each keeps its present score. A member whose new form equals
-- another member is left and its digest returned: two messages must not become one. Old members are removed by rank, because the slow
-- log and MONITOR show the commands of a script. ARGV: first, last rank, then digest, new … Returns {applied, missed, collided …}.
local key, from = KEYS[1], tonumber(ARGV[1])
local function may(name, ...)
  if not redis.acl_check_cmd(name, key, ...) then
    return redis.error_reply("NOPERM no permissions to run the '" .. name .. "' command")
  end
end
local denied = may('zremrangebyrank', 0, 0) or may('zadd', 0, '')
if denied then return denied end
local wanted, requested, seen = {}, 0, 0
for i = 3, #ARGV, 2 do
  wanted[ARGV[i]] = ARGV[i + 1]
  requested = requested + 1
end
local members, collided, ranks, new = redis.call('ZRANGE', key, from, ARGV[2], 'WITHSCORES'), {}, {}, {}
local taken = {}
for i = 1, #members, 2 do
  local digest = redis.sha1hex(members[i])
  local member = wanted[digest]
  if member then
    seen = seen + 1
    if taken[member] or redis.call('ZSCORE', key, member) then
      collided[#collided + 1] = digest
    else
      taken[member] = true
      ranks[#ranks + 1] = from + (i - 1) / 2
      new[#new + 1] = {members[i + 1], member}
    end
  end
end
for i = #ranks, 1, -1 do redis.call('ZREMRANGEBYRANK', key, ranks[i], ranks[i]) end
for _, pair in ipairs(new) do redis.call('ZADD', key, pair[1], pair[2]) end
return {#new, requested - seen, unpack(collided)}
