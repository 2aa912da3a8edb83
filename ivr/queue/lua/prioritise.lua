-- Ops, or an overdue deadline, change the urgency of a waiting call.
-- ARGV: 1 call  2 priority  3 seconds of rank for each step of priority  4 now  5 by whom
-- → done | refused: call_gone, call_taken
local call = load_row(CALLS, ARGV[1])
if not call then return refuse('call_gone') end
if call.state == 'talking' then return refuse('call_taken') end
call.priority = tonumber(ARGV[2])
call.rank = call.place - call.priority * tonumber(ARGV[3])
redis.call('ZADD', call.waiting_key, call.rank, call.call)
save_call(call)
audit(ARGV[4], ARGV[5], 'prioritise', call.call, ARGV[2])
return answer('prioritise')
