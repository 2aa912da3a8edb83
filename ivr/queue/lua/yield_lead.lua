-- The routing controller stops: the next one need not wait for the lease to run out.
-- ARGV: 1 controller
-- → done
if redis.call('GET', LEASE) == ARGV[1] then redis.call('DEL', LEASE) end
return cjson.encode({status = 'done'})
