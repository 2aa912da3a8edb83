-- An operator with a secondary skill works for a topic as if it were the first one; or is back at home.
-- ARGV: 1 operator  2 topic ("": home)  3 by whom ("": the rule of redistribution)  4 now
-- → done | refused: unknown_operator, overruled (a person has decided; the rule may not change that)
-- What a person decided stays until the operator signs out, or a person gives the topic "auto".
local operator = load_row(OPERATORS, ARGV[1])
if not operator or operator.state == 'gone' then return refuse('unknown_operator') end
if ARGV[3] == '' and (operator.assigned_by or '') ~= '' then return refuse('overruled') end
operator.assigned, operator.assigned_by = ARGV[2], ARGV[3]
if ARGV[2] == 'auto' then operator.assigned, operator.assigned_by = '', '' end
save_operator(operator)
if ARGV[3] ~= '' then audit(ARGV[4], ARGV[3], 'assign', ARGV[1], ARGV[2]) end
return answer('assign')
