-- The caller hangs up and is rung back when the turn comes: a call of its own takes over the place and the skills.
-- ARGV: 1 call  2 whom to ring, sealed  3 not before  4 now  5 name of the call that takes over
-- → done | refused: call_gone, call_taken (an operator rings or talks already)
local call = load_row(CALLS, ARGV[1])
if not call then return refuse('call_gone') end
if call.state ~= 'waiting' then return refuse('call_taken') end
drop_call(call)
call.call, call.callback, call.not_before = ARGV[5], ARGV[2], tonumber(ARGV[3])
redis.call('ZADD', call.waiting_key, call.rank, call.call)
save_call(call)
return answer('request_callback')
