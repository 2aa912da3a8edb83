-- The operator takes calls from now on: signed in, back from a pause, or done with the wrap-up early.
-- ARGV: 1 operator  2 now
-- → done: state (talking and offered go on as they are)
local now = tonumber(ARGV[2])
local operator = load_row(OPERATORS, ARGV[1]) or {
  name = ARGV[1], state = 'gone', since = now, idle_since = now, call = '', offer = '', until_at = 0, misses = 0,
  assigned = '', assigned_by = '',
}
operator.intent, operator.reason = 'ready', ''
if operator.state == 'gone' or operator.state == 'paused' or operator.state == 'wrap_up' then
  operator.misses = 0
  release(operator, now)
else
  save_operator(operator)
end
return answer('ready', {state = operator.state})
