-- Records consent for an address, or that there is none, unless a later record is there; at equal times that there is none stands.
-- ARGV: contact, channel, hash of the address or '' for no consent, when, source. Returns 1, or 0 where the record that is there stands, or where
-- as many people as there may be share the address.
local contact, field, address = ARGV[3], 'yes:' .. ARGV[4], ARGV[5]
local there = redis.call('HGET', person(contact), field) or ''
local before, at = there:match('^(%S+) (%d+)')
local people = root .. ':a:' .. address
if address ~= '' and redis.call('SCARD', people) >= CROWD and redis.call('SISMEMBER', people, contact) == 0 then return 0 end -- check: crowd
if address ~= '' then redis.call('SADD', people, contact) end
if at then
  local ahead = tonumber(at) - tonumber(ARGV[6])
  local stands = ahead > 0 or ahead == 0 and before == '-' and address ~= ''
  local past = stands and address or before
  if past ~= '' and past ~= '-' then redis.call('HSET', person(contact), 'via:' .. past, '') end -- for STOP from there, and erasure
  if stands then return 0 end
end
redis.call('HSET', person(contact), field, (address == '' and '-' or address) .. ' ' .. ARGV[6] .. ' ' .. ARGV[7])
return 1
