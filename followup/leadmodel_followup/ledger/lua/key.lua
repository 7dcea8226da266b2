-- Whether a contact key is the one with which the plan began, or one that a later generation brings. ARGV: fingerprint of the key,
-- generation, '1' to keep it. Returns 1 or 0.
local name = KEYS[2] .. ':key'
local kept, generation = (redis.call('GET', name) or ''):match('^(%S+) (%d+)')
local fits = not kept or kept == ARGV[3] or tonumber(ARGV[4]) > tonumber(generation)
if fits and ARGV[5] == '1' then redis.call('SET', name, ARGV[3] .. ' ' .. ARGV[4]) end
return fits and 1 or 0
