#!lua
-- Writes answers into the hash beside a key, each under the SHA-1 of its message, and only of messages that the key holds now: a message
-- that was changed or deleted gets no answer, and a key that is gone keeps no answers. The hash's field `model` says what answered;
-- answers of another model, and of messages that are gone, are dropped. A hash without it is somebody else's and is left.
-- KEYS: key, side key. ARGV: model, milliseconds that answers live, elements up to which the whole key is compared, first and last place of
-- the others, then place, digest, answer ... Returns {written, missed}, and a third item where the side key is somebody else's.
local key, side, most = KEYS[1], KEYS[2], tonumber(ARGV[3])
local kind, requested = redis.call('TYPE', key).ok, (#ARGV - 5) / 3
local present, whole, count = {}, true, 1

local function hold(item) present[redis.sha1hex(item)] = true end

local function entries(first, last)
  for _, entry in ipairs(redis.call('XRANGE', key, first, last)) do
    local parts = {}
    for i, item in ipairs(entry[2]) do parts[i] = #item .. ':' .. item end
    hold(table.concat(parts))
  end
end

local sizes = {list = 'LLEN', hash = 'HLEN', zset = 'ZCARD', stream = 'XLEN'}
if sizes[kind] then
  count = redis.call(sizes[kind], key)
  whole = count <= most
end
if kind == 'string' then
  hold(redis.call('GET', key))
elseif kind == 'ReJSON-RL' then
  hold(redis.call('JSON.GET', key, '.'))
elseif kind == 'list' or kind == 'zset' then
  local first, last = whole and 0 or ARGV[4], whole and -1 or ARGV[5]
  for _, item in ipairs(redis.call(kind == 'list' and 'LRANGE' or 'ZRANGE', key, first, last)) do hold(item) end
elseif kind == 'hash' and whole then
  for _, item in ipairs(redis.call('HVALS', key)) do hold(item) end
elseif kind == 'stream' and whole then
  entries('-', '+')
elseif kind == 'hash' or kind == 'stream' then
  for i = 6, #ARGV, 3 do
    if kind == 'stream' then
      entries(ARGV[i], ARGV[i])
    else
      local item = redis.call('HGET', key, ARGV[i])
      if item then hold(item) end
    end
  end
end

local taken = redis.call('TYPE', side).ok
local model = taken == 'hash' and redis.call('HGET', side, 'model')
if taken ~= 'none' and not model then return {0, requested, 'taken'} end
if model and (kind == 'none' or model ~= ARGV[1] or (not whole and redis.call('HLEN', side) > 2 * count + most)) then
  redis.call('DEL', side)
elseif model and whole then
  for _, field in ipairs(redis.call('HKEYS', side)) do
    if field ~= 'model' and not present[field] then redis.call('HDEL', side, field) end
  end
end
local written = 0
for i = 6, #ARGV, 3 do
  if present[ARGV[i + 1]] then
    redis.call('HSET', side, 'model', ARGV[1], ARGV[i + 1], ARGV[i + 2])
    written = written + 1
  end
end
if written > 0 then
  local live, left = tonumber(ARGV[2]), redis.call('PTTL', key)
  redis.call('PEXPIRE', side, left > 0 and left < live and left or live)
end
return {written, requested - written}
