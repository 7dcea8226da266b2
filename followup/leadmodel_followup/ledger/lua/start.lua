-- Lifts the opt-out that came from an address, for this address and the contacts behind it, or the one of a contact. ARGV: hash, when.
-- Returns how many hashes are free of opt-outs now.
return start(ARGV[3], tonumber(ARGV[4]))
