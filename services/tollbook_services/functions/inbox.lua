#!lua name=tollbook_inbox
-- Takes entries whose events are durable off the inbox.

-- Ids handed to one command: Lua's stack holds some 8,000 values.
local IDS_MAX = 4000

-- KEYS: inbox. ARGV: consumer group, ids of entries with a blank between them.
-- An XACK and an XDEL of 500 ids each cost the client more than the engine; one text costs neither.
local function settle(keys, args)
  local ids = {}
  for id in string.gmatch(args[2], '%S+') do
    ids[#ids + 1] = id
  end
  for from = 1, #ids, IDS_MAX do
    local to = math.min(from + IDS_MAX - 1, #ids)
    redis.call('XACK', keys[1], args[1], unpack(ids, from, to))
    redis.call('XDEL', keys[1], unpack(ids, from, to))
  end
  return #ids
end

-- An engine whose memory is full gets it back in this way.
redis.register_function{
  function_name = 'tollbook_inbox_settle', callback = settle, flags = { 'allow-oom' }
}
