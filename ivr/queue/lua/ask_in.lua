-- Another operator is asked in to a talk: rings, then has answered. Until let go they get no other call.
-- ARGV: 1 call  2 operator  3 state: offered (rings) or talking (has answered)  4 now
-- → done | refused: not_talking, operator_busy
local now = tonumber(ARGV[4])
local call, operator = load_row(CALLS, ARGV[1]), load_row(OPERATORS, ARGV[2])
if not call or call.state ~= 'talking' then return refuse('not_talking') end
local free = operator and operator.state == 'ready' and (call.asked_in or '') == '' and ARGV[3] == 'offered'
local rings = operator and operator.call == call.call and call.asked_in == ARGV[2]
if not free and not rings then return refuse('operator_busy') end
operator.state, operator.since, operator.until_at = ARGV[3], now, 0
operator.call, operator.offer = call.call, ''
save_operator(operator)
call.asked_in = operator.name
save_call(call)
return answer('ask_in')
