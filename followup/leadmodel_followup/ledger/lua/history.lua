-- What happened with a contact. ARGV: contact. Returns: whether the contact opted out; when the last reply came, or -1; when the contact became a
-- customer, or -1; the channels with consent, each with the hash of the
-- address; the times of messages sent and of messages waiting.
local contact = ARGV[3]
local consents, sends = {}, {}
local fields = redis.call('HGETALL', person(contact))
for i = 1, #fields, 2 do
  local channel, id = fields[i]:match('^yes:(.+)'), fields[i]:match('^f:(.+)')
  local address = channel and fields[i + 1]:match('^%S+') or '-'
  if address ~= '-' then consents[#consents + 1], consents[#consents + 2] = channel, address end
  if id then
    local state, wanted = unpack(redis.call('HMGET', record(id), 'state', 'due'))
    if fields[i + 1] ~= '' then sends[#sends + 1] = fields[i + 1] elseif state == 'waiting' then sends[#sends + 1] = wanted end
  end
end
local function when(name) return redis.call('HGET', person(contact), name) or -1 end
return {redis.call('EXISTS', stop_key(contact)), when('replied'), when('converted'), consents, sends}
