-- The operator has gone home, or the operator's telephone is gone; a talk goes on to its end.
-- ARGV: 1 operator  2 now
-- → done: state | refused: unknown_operator
local operator = load_row(OPERATORS, ARGV[1])
if not operator then return refuse('unknown_operator') end
operator.assigned, operator.assigned_by = '', ''
stand_down(operator, 'gone', '', tonumber(ARGV[2]))
return answer('sign_out', {state = operator.state})
