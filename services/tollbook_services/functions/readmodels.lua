#!lua name=tollbook_readmodels
-- Rows and checkpoint of a projection change together or not at all; reads see one moment.
-- The rows of a projection exist in generations: the hash `live` says which one is read.

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

-- The generation of a projection that is read; the first one where nothing was ever swapped.
local function live_of(key, projection)
  return redis.call('HGET', key, projection) or '1'
end

-- {ledger, sequence, recorded_at}; sequence '0' and empty texts where nothing was committed yet.
local function checkpoint_of(key)
  local stored = redis.call('HMGET', key, 'ledger', 'sequence', 'recorded_at')
  return { stored[1] or '', stored[2] or '0', stored[3] or '' }
end

local function write_rows(keys, args, at)
  for i = 6, #keys do
    local place, count, values = args[at], tonumber(args[at + 1]), nil
    values, at = take(args, at + 2, 2 * count)
    in_chunks('HSET', keys[i], values)
    count = tonumber(args[at])
    values, at = take(args, at + 1, count)
    in_chunks('HDEL', keys[i], values)
    if redis.call('EXISTS', keys[i]) == 1 then
      redis.call('SADD', keys[3], place)
    else
      redis.call('SREM', keys[3], place)
    end
  end
end

-- KEYS: live, checkpoint, places, parked, change feed, then the rows of each place that changes.
-- ARGV: projection, generation, 'live' or 'beside',
--       ledger, expected sequence, new sequence, recorded_at,
--       count of parked events, (sequence, reason) each,
--       entries the change feed keeps, count of changes, document each,
--       then for each place: `<crisis>/<table>`, count of rows set, (key, value) each,
--                            count of rows deleted, key each.
-- Returns {what, ledger, sequence, recorded_at} of the checkpoint as it stands afterwards; `what`
-- is 'committed', 'stale' (not the expected sequence), 'moved' (a generation that is not live any
-- more, or one beside that has become live), 'backwards' or 'other_ledger'.
local function commit(keys, args)
  local stored = checkpoint_of(keys[2])
  local is_live = live_of(keys[1], args[1]) == args[2]
  if is_live ~= (args[3] == 'live') then
    return { 'moved', unpack(stored) }
  end
  if stored[1] ~= '' and stored[1] ~= args[4] then
    return { 'other_ledger', unpack(stored) }
  end
  if tonumber(args[6]) <= tonumber(args[5]) then
    return { 'backwards', unpack(stored) }
  end
  if tonumber(stored[2]) ~= tonumber(args[5]) then
    return { 'stale', unpack(stored) }
  end
  local parked, at = take(args, 9, 2 * tonumber(args[8]))
  in_chunks('HSET', keys[4], parked)
  local feed_max, changes = args[at], nil
  changes, at = take(args, at + 2, tonumber(args[at + 1]))
  for _, document in ipairs(changes) do
    redis.call('XADD', keys[5], 'MAXLEN', '~', feed_max, '*', 'change', document)
  end
  write_rows(keys, args, at)
  redis.call('HSET', keys[2], 'ledger', args[4], 'sequence', args[6], 'recorded_at', args[7])
  return { 'committed', args[4], args[6], args[7] }
end

-- KEYS: leases, then as `commit`. ARGV: role, `<token> <worker>`, then as `commit`.
-- As `commit`, for a worker that has the partition by lease; `what` is 'fenced' where another took
-- it, whatever the checkpoint says.
local function commit_held(keys, args)
  local held = args[2] .. ' '
  if string.sub(redis.call('HGET', keys[1], args[1]) or '', 1, #held) ~= held then
    return { 'fenced', unpack(checkpoint_of(keys[3])) }
  end
  table.remove(keys, 1)
  table.remove(args, 1)
  table.remove(args, 1)
  return commit(keys, args)
end

-- KEYS: live, checkpoint, places, parked, then the rows of each place asked for.
-- ARGV: projection, rows to return at most, 'all' to return places and parked events too.
-- Returns {live generation, ledger, sequence, recorded_at, places, parked, complete, rows of each
-- place}; where there are more rows than the limit, complete is 0 and no rows are returned.
local function read(keys, args)
  local stored, total, rows = checkpoint_of(keys[2]), 0, {}
  for i = 5, #keys do
    total = total + redis.call('HLEN', keys[i])
  end
  local complete = total <= tonumber(args[2])
  for i = 5, complete and #keys or 0 do
    rows[i - 4] = redis.call('HGETALL', keys[i])
  end
  local all = args[3] == 'all'
  return {
    live_of(keys[1], args[1]), stored[1], stored[2], stored[3],
    all and redis.call('SMEMBERS', keys[3]) or {}, all and redis.call('HGETALL', keys[4]) or {},
    complete and 1 or 0, rows,
  }
end

-- KEYS: live, then for each projection the checkpoint of the live generation and of the other.
-- ARGV: for each projection: its name, live generation, the other one, both expected sequences.
-- Makes the other generations the live ones, all or none, and keeps the former ones for going back.
-- Returns 'swapped', 'moved' (another generation is live) or 'behind' (a sequence is another one).
local function swap(keys, args)
  for i = 1, #args, 5 do
    local at = 2 + (i - 1) / 5 * 2
    if live_of(keys[1], args[i]) ~= args[i + 1] then
      return 'moved'
    end
    if checkpoint_of(keys[at])[2] ~= args[i + 3] or checkpoint_of(keys[at + 1])[2] ~= args[i + 4]
    then
      return 'behind'
    end
  end
  for i = 1, #args, 5 do
    redis.call('HSET', keys[1], args[i], args[i + 2], args[i] .. ':back', args[i + 1])
  end
  return 'swapped'
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
redis.register_function('tollbook_readmodel_commit_held', commit_held)
redis.register_function{
  function_name = 'tollbook_readmodel_read', callback = read, flags = { 'no-writes' }
}
redis.register_function('tollbook_readmodel_swap', swap)
-- A worker that waits for memory has to be able to say so.
redis.register_function{
  function_name = 'tollbook_beat', callback = beat, flags = { 'allow-oom' }
}
