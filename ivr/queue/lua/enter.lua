-- A call takes its place in a queue.
-- ARGV: 1 row of the call (JSON, state "waiting")  2 place key of the caller ("" when unknown)
-- → done: position (from 1), place, rank | refused: closed, full
-- Entering twice changes nothing and answers the position again.
local call = cjson.decode(ARGV[1])
local known = load_row(CALLS, call.call)
if not known then
  local queue = load_row(QUEUES, call.queue)
  if queue and queue.closed then return refuse('closed') end
  if queue and queue.limit > 0 and redis.call('ZCARD', call.waiting_key) >= queue.limit then return refuse('full') end
  local kept = ARGV[2] ~= '' and redis.call('GETDEL', ARGV[2])
  if kept then
    local earlier = tonumber(kept) - call.place
    call.place, call.rank = call.place + earlier, call.rank + earlier
  end
  redis.call('ZADD', call.waiting_key, call.rank, call.call)
  save_call(call)
  known = call
end
local ahead = redis.call('ZRANK', known.waiting_key, known.call)
return answer('enter', {position = (ahead or 0) + 1, place = known.place, rank = known.rank})
