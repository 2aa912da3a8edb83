-- Goes before every command: rows, and the change that the command publishes.
--
-- KEYS (the same for every command, ivr/queue/keys.py):
--   1 calls  2 operators  3 queues  4 changes  5 lease  6 epoch  7 audit
-- Each command answers one JSON object with at least "status": "done", or "refused" and "reason"; a command that changed
-- something answers a list: that object, and the entry of the stream that tells of it (id, cause, rows).
-- Times are Unix seconds with a fraction, given by the caller as ARGV: commands read no clock, so tests own time.

local CALLS, OPERATORS, QUEUES, CHANGES, LEASE, EPOCH, AUDIT = unpack(KEYS)
local changed = {calls = {}, gone = {}, operators = {}, queues = {}}

local function load_row(key, id)
  local raw = redis.call('HGET', key, id)
  return raw and cjson.decode(raw)
end

local function save_call(call)
  redis.call('HSET', CALLS, call.call, cjson.encode(call))
  table.insert(changed.calls, call)
end

local function save_operator(operator)
  redis.call('HSET', OPERATORS, operator.name, cjson.encode(operator))
  table.insert(changed.operators, operator)
end

local function save_queue(queue)
  redis.call('HSET', QUEUES, queue.queue, cjson.encode(queue))
  table.insert(changed.queues, queue)
end

local function drop_call(call)
  redis.call('HDEL', CALLS, call.call)
  redis.call('ZREM', call.waiting_key, call.call)
  table.insert(changed.gone, call.call)
end

local function answer(cause, result)
  local rows = cjson.encode(changed)
  local entry = redis.call('XADD', CHANGES, 'MAXLEN', '~', 10000, '*', 'cause', cause, 'rows', rows)
  result = result or {}
  result.status = 'done'
  return {cjson.encode(result), entry, cause, rows}
end

local function refuse(reason)
  return cjson.encode({status = 'refused', reason = reason})
end

local function audit(now, by, action, subject, detail)
  redis.call('XADD', AUDIT, 'MAXLEN', '~', 100000, '*',
    'at', now, 'by', by, 'action', action, 'subject', subject, 'detail', detail)
end

-- The operator's hands are free: what was asked for meanwhile (pause, sign-out) comes true now.
-- `idle_since` orders free operators; an offer withdrawn through no fault of theirs must not move it.
local function release(operator, now, keep_turn)
  operator.call, operator.offer, operator.until_at = '', '', 0
  operator.state, operator.since = operator.intent, now
  if not keep_turn then operator.idle_since = now end
  save_operator(operator)
end

-- Offers of the call that nobody took; their operators are free and not to blame.
local function withdraw_offers(call, now, except)
  for name, offer in pairs(call.offers) do
    local operator = load_row(OPERATORS, name)
    if name ~= except and operator and operator.offer == offer then release(operator, now, true) end
  end
  call.offers = {}
end

-- One offer ends without a talk; the call stands where it stood, unless another operator still rings for it.
local function end_offer(call, operator, now, keep_turn)
  call.offers[operator.name] = nil
  if next(call.offers) == nil then call.state = 'waiting' end
  save_call(call)
  release(operator, now, keep_turn)
end

-- The operator after a talk: time to write down the result, then what was asked for meanwhile.
local function part(operator, now, wrap_up_seconds)
  if operator.intent ~= 'ready' or wrap_up_seconds <= 0 then return release(operator, now) end
  operator.call, operator.offer, operator.until_at = '', '', now + wrap_up_seconds
  operator.state, operator.since = 'wrap_up', now
  save_operator(operator)
end

-- Who was asked in to the talk and has not taken it over is free again.
local function dismiss(call, now)
  local asked_in = (call.asked_in or '') ~= '' and load_row(OPERATORS, call.asked_in)
  if asked_in and asked_in.call == call.call then release(asked_in, now, true) end
  call.asked_in = ''
end

-- Operators who stop taking calls: a ringing offer goes back, a talk goes on to its end, also one they are asked in to.
local function stand_down(operator, intent, reason, now)
  operator.intent, operator.reason = intent, reason
  local call = operator.call ~= '' and load_row(CALLS, operator.call)
  if operator.state == 'talking' or (call and call.asked_in == operator.name) then
    save_operator(operator)
    return
  end
  if call and call.offers[operator.name] == operator.offer then
    end_offer(call, operator, now)
  else
    release(operator, now)
  end
end
