-- Ends the waiting follow-ups of a contact without an opt-out, or one follow-up. ARGV: contact or '', id or '', why, when or ''.
-- With a time, no lead of the contact from before gets a follow-up any more. Returns how many were cancelled, and with a time whether this is the
-- first word of its kind, after a message to the contact.
local function first_word(contact, why)
  if redis.call('HEXISTS', person(contact), why) == 1 then return 0 end -- check: first
  for _, id in ipairs(ids_of(contact)) do
    if redis.call('HGET', person(contact), 'f:' .. id) ~= '' then return 1 end
  end
  return 0
end

if ARGV[3] ~= '' and ARGV[6] ~= '' then
  local first = first_word(ARGV[3], ARGV[5])
  return {end_sequence(ARGV[3], ARGV[5], tonumber(ARGV[6])), first}
end
if ARGV[3] ~= '' then return cancel_all(ARGV[3], ARGV[5]) end
if redis.call('HGET', record(ARGV[4]), 'state') ~= 'waiting' then return 0 end
finish(ARGV[4], 'cancelled', ARGV[5])
return 1
