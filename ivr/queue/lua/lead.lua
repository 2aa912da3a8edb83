-- A controller asks for, or renews, the right to route.
-- ARGV: 1 controller  2 lease milliseconds
-- → done: epoch (fencing token for offers) | refused: led_by_another, with retry_milliseconds
local holder = redis.call('GET', LEASE)
if holder and holder ~= ARGV[1] then
  return cjson.encode({status = 'refused', reason = 'led_by_another', retry_milliseconds = redis.call('PTTL', LEASE)})
end
if not holder then redis.call('INCR', EPOCH) end
redis.call('SET', LEASE, ARGV[1], 'PX', ARGV[2])
return cjson.encode({status = 'done', epoch = tonumber(redis.call('GET', EPOCH))})
