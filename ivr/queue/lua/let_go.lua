-- Who was asked in to a talk is free again; they keep their turn.
-- ARGV: 1 call  2 now
-- → done | refused: not_talking
local call = load_row(CALLS, ARGV[1])
if not call or call.state ~= 'talking' then return refuse('not_talking') end
dismiss(call, tonumber(ARGV[2]))
save_call(call)
return answer('let_go')
