#!lua
-- Entries of a stream cannot change, so all are written again under their ids, in one step: emptied, filled, and its counters set back.
-- Groups, their places and pending entries, and the key's life are not touched. ARGV: most entries, then id, digest, n, n fields and values …
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
local wanted, asked, i = {}, 0, 2
while i <= #ARGV do
  local n = tonumber(ARGV[i + 2])
  wanted[ARGV[i]] = {ARGV[i + 1], i + 3, n}
  asked, i = asked + 1, i + 3 + n
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
if applied == 0 then return {0, asked} end
local about, facts = redis.call('XINFO', 'STREAM', key), {}
for place = 1, #about, 2 do facts[about[place]] = about[place + 1] end
local last, added, deleted = facts['last-generated-id'], facts['entries-added'], facts['max-deleted-entry-id']
-- Newer servers set no id below the highest deleted one, so that one is lowered first; it goes no lower than 0-1.
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
return {applied, asked - applied}
