-- Who was asked in takes the talk over; the operator of before writes down the result.
-- ARGV: 1 call  2 now  3 wrap-up seconds
-- → done | refused: not_talking, offer_over (nobody was asked in)
local now = tonumber(ARGV[2])
local call = load_row(CALLS, ARGV[1])
if not call or call.state ~= 'talking' then return refuse('not_talking') end
local next_one = (call.asked_in or '') ~= '' and load_row(OPERATORS, call.asked_in)
if not next_one or next_one.call ~= call.call then return refuse('offer_over') end
local before = load_row(OPERATORS, call.operator)
if before and before.call == call.call then part(before, now, tonumber(ARGV[3])) end
next_one.state, next_one.since, next_one.until_at, next_one.misses = 'talking', now, 0, 0
save_operator(next_one)
call.operator, call.connected_at, call.asked_in = next_one.name, now, ''
save_call(call)
return answer('pass_on')
