-- Limit and opening of a queue, by configuration or by ops.
-- ARGV: 1 queue  2 limit (0: none; "": as it is)  3 closed: "1", "0" ("": as it is)  4 now  5 by whom ("": configuration)
-- → done
local queue = load_row(QUEUES, ARGV[1]) or {queue = ARGV[1], limit = 0, closed = false}
if ARGV[2] ~= '' then queue.limit = tonumber(ARGV[2]) end
if ARGV[3] ~= '' then queue.closed = ARGV[3] == '1' end
save_queue(queue)
if ARGV[5] ~= '' then audit(ARGV[4], ARGV[5], 'configure_queue', ARGV[1], ARGV[2] .. '/' .. ARGV[3]) end
return answer('configure_queue')
