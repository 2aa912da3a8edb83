-- Keep a request's new form, unless somebody else was faster.
-- KEYS  1 the request   2 requests by deadline   3 number of the call's request   4 the person's requests
--       5 open requests   6 late ones   7 all requests, by opening
-- ARGV  1 version it was read at (0: new)   2 the request as JSON   3 its number   4 next deadline or ""
--       5 "1": there is a person   6 moment of opening   7 "1": it is open   8 "1": and late
-- Returns 1, or 0 when its version is another by now
local held = redis.call('HGET', KEYS[1], 'version') or '0'
if held ~= ARGV[1] then
    return 0
end
redis.call('HSET', KEYS[1], 'version', tonumber(ARGV[1]) + 1, 'request', ARGV[2])
if ARGV[4] ~= '' then
    redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
else
    redis.call('ZREM', KEYS[2], ARGV[3])
end
if ARGV[1] == '0' then
    redis.call('SET', KEYS[3], ARGV[3])
    redis.call('ZADD', KEYS[7], ARGV[6], ARGV[3])
    if ARGV[5] == '1' then
        redis.call('ZADD', KEYS[4], ARGV[6], ARGV[3])
    end
end
if ARGV[7] == '1' then
    redis.call('ZADD', KEYS[5], ARGV[6], ARGV[3])
else
    redis.call('ZREM', KEYS[5], ARGV[3])
end
if ARGV[7] == '1' and ARGV[8] == '1' then
    redis.call('SADD', KEYS[6], ARGV[3])
else
    redis.call('SREM', KEYS[6], ARGV[3])
end
return 1
