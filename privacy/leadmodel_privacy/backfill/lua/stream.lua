#!lua
-- Entries of a stream cannot be changed, so the script writes all of them again under their ids, in one step: it empties the stream,
-- fills it, and restores its counters. Groups, their positions and pending entries, and the key's expiry stay. ARGV: most entries, then id, digest, n, n fields and values …
-- Returns {applied, missed}; missed is -1 when the stream has too many entries.
local key = KEYS[1]
local function may(name, ...)
  if not redis.acl_check_cmd(name, key, ...) then
    return redis.error_reply("NOPERM no permissions to run the '" .. name .. "' command")
  end
end
local denied = may('xtrim', 'MAXLEN', 0) or may('xadd', '*', 'f', 'v') or may('xsetid', '0-1')
if denied then return denied end
if redis.call('XLEN', key) > tonumber(ARGV[1]) then return {0, -1} end
local wanted, requested, i = {}, 0, 2
while i <= #ARGV do
  local n = tonumber(ARGV[i + 2])
  wanted[ARGV[i]] = {ARGV[i + 1], i + 3, n}
  requested, i = requested + 1, i + 3 + n
end
local entries, applied = redis.call('XRANGE', key, '-', '+'), 0
for _, entry in ipairs(entries) do
  local new = wanted[entry[1]]
  if #entry[2] > 7000 then return {0, -1} end
  if new then
    local parts = {}
    for place, item in ipairs(entry[2]) do parts[place] = #item .. ':' .. item end
    if redis.sha1hex(table.concat(parts)) == new[1] then
      entry[2] = {unpack(ARGV, new[2], new[2] + new[3] - 1)}
      applied = applied + 1
    end
  end
end
if applied == 0 then return {0, requested} end
local info, facts = redis.call('XINFO', 'STREAM', key), {}
for place = 1, #info, 2 do facts[info[place]] = info[place + 1] end
local last, added, deleted = facts['last-generated-id'], facts['entries-added'], facts['max-deleted-entry-id']
-- Newer servers accept no id below the highest deleted id, so the script lowers the deleted id first, at most to 0-1.
if deleted ~= '0-0' and entries[1][1] == '0-1' then return {0, -1} end
redis.call('XTRIM', key, 'MAXLEN', 0)
if deleted == '0-0' then
  redis.call('XSETID', key, '0-0')
else
  redis.call('XSETID', key, last, 'ENTRIESADDED', added, 'MAXDELETEDID', '0-1')
  redis.call('XSETID', key, '0-1')
end
for _, entry in ipairs(entries) do redis.call('XADD', key, entry[1], unpack(entry[2])) end
redis.call('XSETID', key, last, 'ENTRIESADDED', added, 'MAXDELETEDID', deleted)
return {applied, requested - applied}
