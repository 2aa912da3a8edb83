-- The time for writing down the result is over.
-- ARGV: 1 operator  2 until_at of the wrap-up meant  3 now
-- → done | refused: wrap_up_over (already ended, or it is another one)
local operator = load_row(OPERATORS, ARGV[1])
if not operator or operator.state ~= 'wrap_up' or operator.until_at ~= tonumber(ARGV[2]) then
  return refuse('wrap_up_over')
end
release(operator, tonumber(ARGV[3]))
return answer('end_wrap_up')
