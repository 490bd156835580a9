#!lua name=tollbook_sealing_v1
-- The sealed tree of a partition: its tiles and its signed checkpoint change together, or not.

-- Arguments handed to one HSET: Lua's stack holds some 8,000 values.
local ARGUMENTS_MAX = 4000

-- KEYS: the sealed head, the tiles, the state of the partition
-- ARGV: ledger, expected size, new size, the checkpoint (a signed note), then for each tile that
--       is new or wider its place `<level>/<index>` and its hashes
-- Returns {what, size} as it stands afterwards; `what` is 'sealed', 'stale' (not the expected
-- size), 'other_ledger', or 'beyond' (the partition has fewer events than that).
local function seal(keys, args)
  local stored = redis.call('HMGET', keys[1], 'ledger', 'size')
  local size = stored[2] or '0'
  if stored[1] and stored[1] ~= args[1] then
    return { 'other_ledger', size }
  end
  if tonumber(size) ~= tonumber(args[2]) or tonumber(args[3]) < tonumber(size) then
    return { 'stale', size }
  end
  if tonumber(args[3]) > tonumber(redis.call('HGET', keys[3], 'head') or '0') then
    return { 'beyond', size }
  end
  for from = 5, #args, ARGUMENTS_MAX do
    local to = math.min(from + ARGUMENTS_MAX - 1, #args)
    redis.call('HSET', keys[2], unpack(args, from, to))
  end
  redis.call('HSET', keys[1], 'ledger', args[1], 'size', args[3], 'checkpoint', args[4])
  return { 'sealed', args[3] }
end

-- KEYS: leases, then as `seal`. ARGV: role, `<token> <worker>`, then as `seal`.
-- As `seal`, for a worker that has the partition by lease; `what` is 'fenced' where another took it.
local function seal_held(keys, args)
  local held = args[2] .. ' '
  if string.sub(redis.call('HGET', keys[1], args[1]) or '', 1, #held) ~= held then
    return { 'fenced', redis.call('HGET', keys[2], 'size') or '0' }
  end
  table.remove(keys, 1)
  table.remove(args, 1)
  table.remove(args, 1)
  return seal(keys, args)
end

-- KEYS: the key history. ARGV: how many keys it has, the note to add. Returns whether it was.
local function log_key(keys, args)
  if redis.call('LLEN', keys[1]) ~= tonumber(args[1]) then
    return 0
  end
  redis.call('RPUSH', keys[1], args[2])
  return 1
end

-- KEYS: the cosigned checkpoints of a partition
-- ARGV: a size, the cosigned checkpoint of it that was there ('' for none), the one to keep
-- Returns whether it was kept: not where another one came in between.
local function cosigned(keys, args)
  if (redis.call('HGET', keys[1], args[1]) or '') ~= args[2] then
    return 0
  end
  local newest = tonumber(redis.call('HGET', keys[1], 'newest') or '0')
  if tonumber(args[1]) >= newest then
    redis.call('HSET', keys[1], 'newest', args[1])
  end
  redis.call('HSET', keys[1], args[1], args[3])
  return 1
end

redis.register_function('tollbook_seal', seal)
redis.register_function('tollbook_seal_held', seal_held)
redis.register_function('tollbook_log_key', log_key)
redis.register_function('tollbook_cosigned', cosigned)
