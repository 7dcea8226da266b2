-- An opt-out of a contact or of an address: all waiting follow-ups of all contacts behind it end, on all channels. ARGV: hash.
-- Returns how many were cancelled.
return stop_all(ARGV[3], now, '')
