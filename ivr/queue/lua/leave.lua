-- The call is no longer the queue's: caller gone, plan went on, or the call was lost with its controller.
-- ARGV: 1 call  2 now  3 wrap-up seconds (when it leaves in the middle of a talk)  4 place key ("": keep no place)
--       5 seconds for which the place is kept
-- → done: left (false when the queue did not know the call)
local now = tonumber(ARGV[2])
local call = load_row(CALLS, ARGV[1])
if not call then return cjson.encode({status = 'done', left = false}) end
withdraw_offers(call, now)
local operator = call.operator ~= '' and load_row(OPERATORS, call.operator)
if operator and operator.call == call.call then
  part(operator, now, tonumber(ARGV[3]))
elseif ARGV[4] ~= '' then
  redis.call('SET', ARGV[4], call.place, 'EX', ARGV[5])
end
dismiss(call, now)
drop_call(call)
return answer('leave', {left = true})
