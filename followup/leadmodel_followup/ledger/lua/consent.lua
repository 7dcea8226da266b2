-- Records consent for an address, or that there is none, unless a later record is there. ARGV: contact, channel, hash of the address or '' for
-- no consent, when, source. Returns 1, or 0 where the record that is there is later.
local contact, field, address = ARGV[3], 'yes:' .. ARGV[4], ARGV[5]
local there = redis.call('HGET', person(contact), field) or ''
local before, at = there:match('^(%S+) (%d+)')
if at and tonumber(at) > tonumber(ARGV[6]) then return 0 end
redis.call('HSET', person(contact), field, (address == '' and '-' or address) .. ' ' .. ARGV[6] .. ' ' .. ARGV[7])
if address ~= '' then redis.call('SADD', root .. ':a:' .. address, contact) end
return 1
