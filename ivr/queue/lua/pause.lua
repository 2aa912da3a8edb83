-- The operator takes no calls for a while; a talk goes on and the pause begins after it.
-- ARGV: 1 operator  2 reason  3 now
-- → done: state | refused: unknown_operator
local operator = load_row(OPERATORS, ARGV[1])
if not operator or operator.state == 'gone' then return refuse('unknown_operator') end
stand_down(operator, 'paused', ARGV[2], tonumber(ARGV[3]))
return answer('pause', {state = operator.state})
