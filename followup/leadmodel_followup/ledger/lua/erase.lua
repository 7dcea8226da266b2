-- Deletes all that is kept of a contact but the opt-out. ARGV: contact. Returns how many follow-ups were deleted.
local contact = ARGV[3]
local ids = ids_of(contact)
for _, id in ipairs(ids) do
  take_off(id)
  redis.call('DEL', record(id))
end
each_address(fields_of(contact), function(address)
  redis.call('SREM', root .. ':a:' .. address, contact)
  redis.call('DEL', root .. ':rl:to:' .. address, root .. ':rl:to:' .. address .. ':turn')
end, true)
redis.call('DEL', person(contact))
return #ids
