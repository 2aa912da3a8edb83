-- The caller hangs up and is rung back when the turn comes: the call keeps its place and its skills.
-- ARGV: 1 call  2 whom to ring, sealed  3 not before  4 now
-- → done | refused: call_gone, call_taken (an operator rings or talks already)
local call = load_row(CALLS, ARGV[1])
if not call then return refuse('call_gone') end
if call.state ~= 'waiting' then return refuse('call_taken') end
call.callback, call.not_before = ARGV[2], tonumber(ARGV[3])
save_call(call)
return answer('request_callback')
