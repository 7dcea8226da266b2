-- Records a follow-up that waits. ARGV: id, due, contact, lead, channel, step, time of the lead.
-- Returns 'created', 'exists', 'stopped', or 'too-old' where the record of an earlier follow-up with the id may be gone.
local id, contact = ARGV[3], ARGV[5]
if redis.call('EXISTS', record(id)) == 1 then return 'exists' end
if redis.call('EXISTS', stop_key(contact)) == 1 then return 'stopped' end
if now - tonumber(ARGV[9]) > tonumber(keep) then return 'too-old' end
redis.call('HSET', record(id), 'state', 'waiting', 'due', ARGV[4], 'contact', contact,
  'lead', ARGV[6], 'channel', ARGV[7], 'step', ARGV[8])
redis.call('ZADD', due, ARGV[4], id)
redis.call('HSET', person(contact), 'f:' .. id, '')
return 'created'
