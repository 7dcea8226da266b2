-- Records a follow-up that waits. ARGV: id, due, contact, lead, channel, step, time of the lead.
-- Returns 'created', 'exists', 'converted', 'stopped' or 'replied' where the contact has opted out or has done so or answered after the lead
-- came in, or 'too-old' where an attempt under the id began whose record is gone, or where the lead is so old that there may have been one.
local id, contact = ARGV[3], ARGV[5]
if redis.call('EXISTS', record(id)) == 1 then return 'exists' end
if redis.call('EXISTS', stop_key(contact)) == 1 then return 'stopped' end
local converted, stopped, replied = unpack(redis.call('HMGET', person(contact), 'converted', 'stopped', 'replied'))
if converted then return 'converted' end
if stopped and tonumber(stopped) > tonumber(ARGV[9]) then return 'stopped' end
if replied and tonumber(replied) > tonumber(ARGV[9]) then return 'replied' end
if tonumber(redis.call('HGET', person(contact), 'f:' .. id)) then return 'too-old' end
if now - tonumber(ARGV[9]) > tonumber(keep) then return 'too-old' end
redis.call('HSET', record(id), 'state', 'waiting', 'due', ARGV[4], 'contact', contact,
  'lead', ARGV[6], 'channel', ARGV[7], 'step', ARGV[8])
redis.call('ZADD', due, ARGV[4], id)
redis.call('HSET', person(contact), 'f:' .. id, '')
return 'created'
