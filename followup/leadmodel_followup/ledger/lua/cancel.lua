-- Ends the waiting follow-ups of a contact without an opt-out, or one follow-up. ARGV: contact or '', id or '', why, when or ''.
-- With a time, no lead of the contact from before gets a follow-up any more. Returns how many were cancelled.
if ARGV[3] ~= '' and ARGV[6] ~= '' then return end_sequence(ARGV[3], ARGV[5], tonumber(ARGV[6])) end
if ARGV[3] ~= '' then return cancel_all(ARGV[3], ARGV[5]) end
if redis.call('HGET', record(ARGV[4]), 'state') ~= 'waiting' then return 0 end
finish(ARGV[4], 'cancelled', ARGV[5])
return 1
