-- Append one entry to the audit log, unless another came first.
-- KEYS  1 the log   2 hash of its last entry
-- ARGV  1 hash of the entry before   2 hash of this entry   3 the entry   4 what stands for no entry before
-- Returns 1, or 0 when the last entry is another by now
if (redis.call('GET', KEYS[2]) or ARGV[4]) ~= ARGV[1] then
    return 0
end
redis.call('XADD', KEYS[1], '*', 'before', ARGV[1], 'hash', ARGV[2], 'entry', ARGV[3])
redis.call('SET', KEYS[2], ARGV[2])
return 1
