-- The caller who asked for a callback did not answer: the operator is free and not to blame.
-- ARGV: 1 call  2 operator  3 offer id  4 now  5 next try not before  6 tries allowed
-- → done: given_up (true when that was the last try; the call has left) | refused: offer_over
local now = tonumber(ARGV[4])
local call, operator = load_row(CALLS, ARGV[1]), load_row(OPERATORS, ARGV[2])
if not call or not operator or call.callback == '' then return refuse('offer_over') end
if call.offers[ARGV[2]] ~= ARGV[3] or operator.offer ~= ARGV[3] then return refuse('offer_over') end
call.tries, call.not_before = call.tries + 1, tonumber(ARGV[5])
withdraw_offers(call, now)
local given_up = call.tries >= tonumber(ARGV[6])
if given_up then
  drop_call(call)
else
  call.state = 'waiting'
  save_call(call)
end
return answer('miss_callback', {given_up = given_up})
