-- Records consent for an address, or that there is none, unless a later record is there; at equal times that there is none stands.
-- ARGV: contact, channel, hash of the address or '' for no consent, when, source. Returns 'recorded'; 'later' where the record that is there stands;
-- 'crowded' where as many people as there may be share the address: then no consent is recorded, so that an earlier one for another address does
-- not go on either, and STOP from the address holds for the contact all the same.
local contact, field, address = ARGV[3], 'yes:' .. ARGV[4], ARGV[5]
local there = redis.call('HGET', person(contact), field) or ''
local before, at = there:match('^(%S+) (%d+)')
local people, crowded = root .. ':a:' .. address, false
local function theirs(one) redis.call('HSET', person(contact), 'via:' .. one, '') end
if address ~= '' and redis.call('SCARD', people) >= CROWD then crowded = redis.call('SISMEMBER', people, contact) == 0 end -- check: crowd
if crowded then
  theirs(address) -- check: via
elseif address ~= '' then
  redis.call('SADD', people, contact)
end
if at then
  local ahead = tonumber(at) - tonumber(ARGV[6])
  local refused = before == '-' and not there:find(' crowded$')
  local stands = ahead > 0 or ahead == 0 and refused and address ~= ''
  local past = stands and address or before
  if past ~= '' and past ~= '-' then theirs(past) end -- for STOP from there, and erasure
  if stands then return 'later' end
end
local none = address == '' or crowded
redis.call('HSET', person(contact), field, (none and '-' or address) .. ' ' .. ARGV[6] .. ' ' .. ARGV[7] .. (crowded and ' crowded' or ''))
return crowded and 'crowded' or 'recorded'
