#!lua flags=no-writes
-- The overview of a key: {type, elements, bytes, digest}; a string has its bytes as elements. The digest is that of the whole content,
-- empty for a large key or where none is requested. ARGV: 1 to request a digest, most elements, most bytes of a key with a digest.
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
local items
if kind == 'string' then
  items = {redis.call('GET', key)}
elseif kind == 'list' then
  items = redis.call('LRANGE', key, 0, -1)
elseif kind == 'hash' then
  items = redis.call('HGETALL', key)
elseif kind == 'zset' then
  items = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
else
  items = {}
  for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
    items[#items + 1] = entry[1]
    for _, item in ipairs(entry[2]) do items[#items + 1] = item end
  end
end
for i = 1, #items do items[i] = #items[i] .. ':' .. items[i] end
return {kind, length, bytes, redis.sha1hex(table.concat(items))}
