-- Append one batch of one writer to the journal, in order and once, however often it is sent.
-- KEYS  1 stream of all records   2 the writer's mark   3 calls by arrival   4 data keys   5… the calls' own lists
-- ARGV  1 number of the batch   2 "1": refuse unless the batch before is in the store   3 seconds to keep the mark
--       then for each record: number of its list in KEYS or ""; call; wall seconds when it is the call's first, or "";
--       whose data key comes next, or ""; that key, wrapped, or ""; kind; the encoded record
-- Returns {"done" | "seen" | "behind", the mark as it was}
local number = tonumber(ARGV[1])
local mark = tonumber(redis.call('GET', KEYS[2]) or '0')
if mark >= number then
    return {'seen', mark}
end
if ARGV[2] == '1' and mark < number - 1 then
    return {'behind', mark}
end
for i = 4, #ARGV, 7 do
    local list, call, first, owner = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
    local id = redis.call('XADD', KEYS[1], '*', 'call', call, 'kind', ARGV[i + 5], 'record', ARGV[i + 6])
    if list ~= '' then
        redis.call('RPUSH', KEYS[tonumber(list)], id)
    end
    if first ~= '' then
        redis.call('ZADD', KEYS[3], 'NX', first, call)
    end
    if owner ~= '' then
        redis.call('HSETNX', KEYS[4], owner, ARGV[i + 4])
    end
end
redis.call('SET', KEYS[2], number, 'EX', ARGV[3])
return {'done', mark}
