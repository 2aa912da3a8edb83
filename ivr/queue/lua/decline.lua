-- An offer ended without a talk; the call is back in its place.
-- ARGV: 1 call  2 operator  3 offer id  4 end: no_answer, declined, unreachable, withdrawn  5 now
--       6 misses in a row after which the operator is paused  7 until when this operator isn't offered this call again
-- → done: paused (true when the operator is set to paused now, or signed off as unreachable) | refused: offer_over
local now = tonumber(ARGV[5])
local call, operator = load_row(CALLS, ARGV[1]), load_row(OPERATORS, ARGV[2])
if not call or not operator or call.offers[ARGV[2]] ~= ARGV[3] or operator.offer ~= ARGV[3] then
  return refuse('offer_over')
end
if ARGV[4] ~= 'withdrawn' then call.declined[operator.name] = tonumber(ARGV[7]) end
local unreachable = ARGV[4] == 'unreachable'
local paused = unreachable
if ARGV[4] == 'no_answer' then
  operator.misses = operator.misses + 1
  paused = operator.misses >= tonumber(ARGV[6])
end
if unreachable then
  -- without a telephone: whoever is on pause comes back, and callers wait for them
  operator.intent, operator.reason, operator.assigned, operator.assigned_by = 'gone', '', '', ''
elseif paused and operator.intent == 'ready' then
  operator.intent, operator.reason = 'paused', ARGV[4]
end
end_offer(call, operator, now, ARGV[4] == 'withdrawn')
return answer('decline', {paused = paused})
