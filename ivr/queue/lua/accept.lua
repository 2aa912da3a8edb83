-- The operator has picked up: the talk begins, other offers of this call are withdrawn.
-- ARGV: 1 call  2 operator  3 offer id  4 now
-- → done | refused: offer_over
local now = tonumber(ARGV[4])
local call, operator = load_row(CALLS, ARGV[1]), load_row(OPERATORS, ARGV[2])
if not call or not operator or call.offers[ARGV[2]] ~= ARGV[3] or operator.offer ~= ARGV[3] then
  return refuse('offer_over')
end
withdraw_offers(call, now, operator.name)
call.state, call.operator, call.connected_at = 'talking', operator.name, now
redis.call('ZREM', call.waiting_key, call.call)
save_call(call)
operator.state, operator.since, operator.until_at, operator.misses, operator.offer = 'talking', now, 0, 0, ''
save_operator(operator)
return answer('accept')
