#!lua name=tollbook_readmodels
-- Rows and checkpoint of a projection change together or not at all; reads see one moment.

-- Arguments handed to one HSET or HDEL: Lua's stack holds some 8,000 values.
local ARGUMENTS_MAX = 4000

local function in_chunks(command, key, values)
  for from = 1, #values, ARGUMENTS_MAX do
    local to = math.min(from + ARGUMENTS_MAX - 1, #values)
    redis.call(command, key, unpack(values, from, to))
  end
end

local function take(args, from, count)
  local taken = {}
  for i = 1, count do
    taken[i] = args[from + i - 1]
  end
  return taken, from + count
end

-- {ledger, sequence, recorded_at}; sequence '0' and empty texts where nothing was committed yet.
local function checkpoint_of(key)
  local stored = redis.call('HMGET', key, 'ledger', 'sequence', 'recorded_at')
  return { stored[1] or '', stored[2] or '0', stored[3] or '' }
end

local function write_rows(keys, args, at)
  for i = 4, #keys do
    local crisis, count, values = args[at], tonumber(args[at + 1]), nil
    values, at = take(args, at + 2, 2 * count)
    in_chunks('HSET', keys[i], values)
    count = tonumber(args[at])
    values, at = take(args, at + 1, count)
    in_chunks('HDEL', keys[i], values)
    if redis.call('EXISTS', keys[i]) == 1 then
      redis.call('SADD', keys[2], crisis)
    else
      redis.call('SREM', keys[2], crisis)
    end
  end
end

-- KEYS: checkpoint, crises, parked, then the rows of each crisis that changes.
-- ARGV: ledger, expected sequence, new sequence, recorded_at,
--       count of parked events, (sequence, reason) each,
--       then for each crisis: crisis, count of rows set, (key, value) each,
--                             count of rows deleted, key each.
-- Returns {what, ledger, sequence, recorded_at} of the checkpoint as it stands afterwards; `what`
-- is 'committed', 'stale' (not the expected sequence), 'backwards' or 'other_ledger'.
local function commit(keys, args)
  local stored = checkpoint_of(keys[1])
  if stored[1] ~= '' and stored[1] ~= args[1] then
    return { 'other_ledger', unpack(stored) }
  end
  if tonumber(args[3]) <= tonumber(args[2]) then
    return { 'backwards', unpack(stored) }
  end
  if tonumber(stored[2]) ~= tonumber(args[2]) then
    return { 'stale', unpack(stored) }
  end
  local parked, at = take(args, 6, 2 * tonumber(args[5]))
  in_chunks('HSET', keys[3], parked)
  write_rows(keys, args, at)
  redis.call('HSET', keys[1], 'ledger', args[1], 'sequence', args[3], 'recorded_at', args[4])
  return { 'committed', args[1], args[3], args[4] }
end

-- KEYS: checkpoint, crises, parked, then the rows of each crisis asked for.
-- ARGV: rows to return at most.
-- Returns {ledger, sequence, recorded_at, crises, parked, complete, rows of each crisis}; where
-- there are more rows than the limit, complete is 0 and no rows are returned.
local function read(keys, args)
  local stored, total, rows = checkpoint_of(keys[1]), 0, {}
  for i = 4, #keys do
    total = total + redis.call('HLEN', keys[i])
  end
  local complete = total <= tonumber(args[1])
  for i = 4, complete and #keys or 0 do
    rows[i - 3] = redis.call('HGETALL', keys[i])
  end
  return {
    stored[1], stored[2], stored[3],
    redis.call('SMEMBERS', keys[2]), redis.call('HGETALL', keys[3]),
    complete and 1 or 0, rows,
  }
end

-- KEYS: heartbeats of a partition.
-- ARGV: worker, milliseconds after which a silent worker of the same role is forgotten, role, body.
-- Stores '<engine time in ms> <role> <body>' for the worker.
local function beat(keys, args)
  local time = redis.call('TIME')
  local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
  local all = redis.call('HGETALL', keys[1])
  for i = 1, #all, 2 do
    local beat_ms, role = string.match(all[i + 1], '^(%d+) (%S+) ')
    if not beat_ms or (role == args[3] and now_ms - tonumber(beat_ms) > tonumber(args[2])) then
      redis.call('HDEL', keys[1], all[i])
    end
  end
  local text = string.format('%.0f %s %s', now_ms, args[3], args[4])
  redis.call('HSET', keys[1], args[1], text)
  return 1
end

redis.register_function('tollbook_readmodel_commit', commit)
redis.register_function{
  function_name = 'tollbook_readmodel_read', callback = read, flags = { 'no-writes' }
}
redis.register_function('tollbook_beat', beat)
