-- What happened with a contact. ARGV: contact, lead, ids that do not count while they wait. Returns: whether the contact opted out; when the last
-- reply came, or -1; when the contact became a customer, or -1; the channels with consent, each with the hash of the address; the times of
-- messages sent and of messages waiting; when the lead was handed in last, or -1.
local contact, lead, tag, apart = ARGV[3], ARGV[4], KEYS[2]:match('[^:]+$'), {}
for i = 5, #ARGV do apart[ARGV[i]] = true end
local function when(name) return tonumber(redis.call('HGET', person(contact), name) or -1) end
local consents, sends, newest = {}, {}, when('l:' .. tag .. lead)
local fields = redis.call('HGETALL', person(contact))
for i = 1, #fields, 2 do
  local channel, id = fields[i]:match('^yes:(.+)'), fields[i]:match('^f:(.+)')
  local address = channel and fields[i + 1]:match('^%S+') or '-'
  if address ~= '-' then consents[#consents + 1], consents[#consents + 2] = channel, address end
  if id then
    local state, wanted, of, at = unpack(redis.call('HMGET', record(id), 'state', 'due', 'lead', 'at'))
    if of == lead and id:sub(1, 4) == tag then newest = math.max(newest, tonumber(at or -1)) end
    if fields[i + 1] ~= '' then sends[#sends + 1] = fields[i + 1] elseif state == 'waiting' and not apart[id] then sends[#sends + 1] = wanted end
  end
end
return {redis.call('EXISTS', stop_key(contact)), when('replied'), when('converted'), consents, sends, newest}
