-- Append one batch of one writer to the journal, in order and once, however often it is sent.
-- KEYS  1 stream of all records   2 the writer's mark   3 calls by arrival   4 data keys   5 their owners by age
--       6 owners that were erased   then n lists, one for each call, and p sets, one for each person
-- ARGV  1 number of the batch   2 "1": refuse unless the batch before is in the store   3 seconds to keep the mark
--       4 n, then for each of the n calls: name; wall seconds of its first record if that is in this batch, or ""
--       m, then for each of m new data keys: whose; the key, wrapped; wall seconds
--       p, then for each of p callers: the call; wall seconds
--       then for each record: which of the n calls, or 0; kind; the encoded record
-- Returns {"done" | "seen" | "behind", the mark as it was}
local number = tonumber(ARGV[1])
local mark = tonumber(redis.call('GET', KEYS[2]) or '0')
if mark >= number then
    return {'seen', mark}
end
if ARGV[2] == '1' and mark < number - 1 then
    return {'behind', mark}
end
local calls = tonumber(ARGV[4])
local at = 5
for i = 1, calls do
    if ARGV[at + 1] ~= '' then
        redis.call('ZADD', KEYS[3], 'NX', ARGV[at + 1], ARGV[at])
    end
    at = at + 2
end
local data_keys = tonumber(ARGV[at])
at = at + 1
for i = 1, data_keys do
    if redis.call('SISMEMBER', KEYS[6], ARGV[at]) == 0 and redis.call('HSETNX', KEYS[4], ARGV[at], ARGV[at + 1]) == 1 then
        redis.call('ZADD', KEYS[5], ARGV[at + 2], ARGV[at])
    end
    at = at + 3
end
local persons = tonumber(ARGV[at])
at = at + 1
for i = 1, persons do
    if redis.call('SISMEMBER', KEYS[6], ARGV[at]) == 0 then
        redis.call('ZADD', KEYS[6 + calls + i], ARGV[at + 1], ARGV[at])
    end
    at = at + 2
end
for i = at, #ARGV, 3 do
    local call = tonumber(ARGV[i])
    local name = call > 0 and ARGV[3 + 2 * call] or ''
    local id = redis.call('XADD', KEYS[1], '*', 'call', name, 'kind', ARGV[i + 1], 'record', ARGV[i + 2])
    if call > 0 then
        redis.call('RPUSH', KEYS[6 + call], id)
    end
end
redis.call('SET', KEYS[2], number, 'EX', ARGV[3])
return {'done', mark}
