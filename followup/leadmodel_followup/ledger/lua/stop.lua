-- An opt-out of a contact or of an address: all waiting follow-ups of all contacts behind it end, on all channels. ARGV: hash.
-- Returns how many were cancelled.
local cancelled = stop_contact(ARGV[3])
for _, contact in ipairs(redis.call('SMEMBERS', root .. ':a:' .. ARGV[3])) do cancelled = cancelled + stop_contact(contact) end
return cancelled
