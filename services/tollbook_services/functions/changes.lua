#!lua name=tollbook_changes_v1
-- Hands changes of one partition on to the change feed, in a cluster: each once.

-- KEYS: the change feed, the hash of what it has of each partition. ARGV: the partition, the entry
-- it has last ('0-0' for none), the last one that is handed on, entries the feed keeps, documents.
-- Returns the entry that it has last afterwards; another one where somebody else was faster.
local function hand_on(keys, args)
  local last = redis.call('HGET', keys[2], args[1]) or '0-0'
  if last ~= args[2] then
    return last
  end
  for at = 5, #args do
    redis.call('XADD', keys[1], 'MAXLEN', '~', args[4], '*', 'change', args[at])
  end
  redis.call('HSET', keys[2], args[1], args[3])
  return args[3]
end

redis.register_function('tollbook_changes_hand_on', hand_on)
