-- The routing controller, or ops, give a waiting call to a free operator, who rings from now on.
-- ARGV: 1 epoch  2 call  3 operator  4 offer id  5 now  6 expires at  7 offers of this call at most  8 reason (JSON)
--       9 by whom ("": the routing controller; a person needs no epoch)  10 seconds more when a caller is rung back
-- → done | refused: stale_router, call_gone, call_taken, operator_busy
if ARGV[9] == '' and redis.call('GET', EPOCH) ~= ARGV[1] then return refuse('stale_router') end
local now, expires_at, at_most = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local call = load_row(CALLS, ARGV[2])
if not call then return refuse('call_gone') end
if call.state == 'talking' then return refuse('call_taken') end
local out = 0
for _ in pairs(call.offers) do out = out + 1 end
if out >= at_most then return refuse('call_taken') end
local operator = load_row(OPERATORS, ARGV[3])
if not operator or operator.state ~= 'ready' then return refuse('operator_busy') end
if call.callback ~= '' then expires_at = expires_at + tonumber(ARGV[10]) end
operator.state, operator.since, operator.until_at = 'offered', now, expires_at
operator.call, operator.offer = call.call, ARGV[4]
save_operator(operator)
call.state, call.reason = 'offered', ARGV[8]
call.offers[operator.name] = ARGV[4]
save_call(call)
if ARGV[9] ~= '' then audit(now, ARGV[9], 'pull', call.call, operator.name) end
return answer('offer')
