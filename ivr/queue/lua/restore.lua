-- Rows that a controller still knows go back into a store that has lost them (restarted empty, or with old data).
-- ARGV: 1 rows (JSON: calls, operators, queues); the calls are the controller's own
-- → done
-- A call's row is taken as it is: nobody else may know better. An operator's row that is newer in the store stays.
local rows = cjson.decode(ARGV[1])
for _, call in ipairs(rows.calls) do
  local stored = load_row(CALLS, call.call)
  if stored then redis.call('ZREM', stored.waiting_key, stored.call) end
  if call.state ~= 'talking' then redis.call('ZADD', call.waiting_key, call.rank, call.call) end
  save_call(call)
end
for _, operator in ipairs(rows.operators) do
  local stored = load_row(OPERATORS, operator.name)
  if not stored or stored.since < operator.since then save_operator(operator) end
end
for _, queue in ipairs(rows.queues) do
  if not load_row(QUEUES, queue.queue) then save_queue(queue) end
end
return answer('restore')
