#!lua flags=no-writes
-- One key at a glance: {type, elements, bytes, mark}; bytes stand for the elements of a string. The mark is the digest of
-- the whole content, only of small keys and only if asked. ARGV: whether to mark (1 or 0), most elements, most bytes
local key = KEYS[1]
local kind = redis.call('TYPE', key).ok
if kind == 'none' then return {kind, 0, 0, ''} end
local sizes = {string = 'STRLEN', list = 'LLEN', hash = 'HLEN', zset = 'ZCARD', stream = 'XLEN'}
if not sizes[kind] then
  return {kind, 1, redis.call('MEMORY', 'USAGE', key) or 0, ''}
end
local length = redis.call(sizes[kind], key)
local bytes = kind == 'string' and length or redis.call('MEMORY', 'USAGE', key) or 0
if ARGV[1] ~= '1' or bytes > tonumber(ARGV[3]) or (kind ~= 'string' and length > tonumber(ARGV[2])) then
  return {kind, length, bytes, ''}
end
local found
if kind == 'string' then
  found = {redis.call('GET', key)}
elseif kind == 'list' then
  found = redis.call('LRANGE', key, 0, -1)
elseif kind == 'hash' then
  found = redis.call('HGETALL', key)
elseif kind == 'zset' then
  found = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
else
  found = {}
  for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
    found[#found + 1] = entry[1]
    for _, item in ipairs(entry[2]) do found[#found + 1] = item end
  end
end
for i = 1, #found do found[i] = #found[i] .. ':' .. found[i] end
return {kind, length, bytes, redis.sha1hex(table.concat(found))}
