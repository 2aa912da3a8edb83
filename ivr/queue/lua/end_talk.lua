-- Caller and operator have parted.
-- ARGV: 1 call  2 now  3 wrap-up seconds
-- → done | refused: not_talking
local now = tonumber(ARGV[2])
local call = load_row(CALLS, ARGV[1])
if not call or call.state ~= 'talking' then return refuse('not_talking') end
local operator = load_row(OPERATORS, call.operator)
if operator and operator.call == call.call then part(operator, now, tonumber(ARGV[3])) end
dismiss(call, now)
drop_call(call)
return answer('end_talk')
