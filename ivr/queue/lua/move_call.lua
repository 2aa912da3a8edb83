-- Ops put a call into another queue, or under another topic; it keeps its place.
-- ARGV: 1 call  2 fields to set (JSON: queue, topic, language, skills, waiting_key)  3 now  4 by whom
-- → done | refused: call_gone, call_taken
local now = tonumber(ARGV[3])
local call = load_row(CALLS, ARGV[1])
if not call then return refuse('call_gone') end
if call.state == 'talking' then return refuse('call_taken') end
withdraw_offers(call, now)
redis.call('ZREM', call.waiting_key, call.call)
for field, value in pairs(cjson.decode(ARGV[2])) do call[field] = value end
redis.call('ZADD', call.waiting_key, call.rank, call.call)
call.state, call.declined = 'waiting', {}
save_call(call)
audit(now, ARGV[4], 'move_call', call.call, call.queue .. '/' .. call.topic)
return answer('move_call')
