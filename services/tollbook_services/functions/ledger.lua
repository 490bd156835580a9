#!lua name=tollbook_ledger_v1
-- Appends a batch to one partition, all or nothing: keys looked up once, dense sequences.
-- Another layout of arguments or keys gets another name, so that a process of the version
-- before meets a function that is missing, never one that misreads it.

-- KEYS: ledger stream, index, state, quarantine stream, quarantined index
-- ARGV: recorded time in microseconds, expected head or -1, the partition, the member that puts
--       the recorded time into an event, 80 bytes of digests for each event (16 of the key, 32 of
--       the content as sent, 32 of the leaf), then the bytes to store of each event
-- Returns {'conflict', head}, {'clock', last recorded time} or
--         {'done', head, outcome, position, outcome, position, ...}; an outcome is
--         'appended', 'duplicate' (of that position) or 'quarantined' (against that position),
--         a position '<partition>:<sequence>'. The index is one for all partitions: the same key
--         with another crisis is the same key.
local KEY, CONTENT, LEAF = 16, 32, 32
local FIRST = 6

local function cut(digests)
  local keys, contents, leaves = {}, {}, {}
  for at = 1, #digests, KEY + CONTENT + LEAF do
    local content = at + KEY
    local leaf = content + CONTENT
    keys[#keys + 1] = string.sub(digests, at, content - 1)
    contents[#contents + 1] = string.sub(digests, content, leaf - 1)
    leaves[#leaves + 1] = string.sub(digests, leaf, leaf + LEAF - 1)
  end
  return keys, contents, leaves
end

local function looked_up(index, keys)
  local found = redis.call('HMGET', index, unpack(keys))
  local known = {}
  for i, key in ipairs(keys) do
    known[key] = found[i] or nil
  end
  return known
end

local function all_recorded(known, keys, contents)
  for i, key in ipairs(keys) do
    local before = known[key]
    if not before or string.sub(before, 1, CONTENT) ~= contents[i] then
      return false
    end
  end
  return true
end

-- Takes the recorded time out again. What follows its last occurrence holds no bare quotes.
local function as_sent(stored, member)
  local at = string.find(stored, member, 1, true)
  local later = at
  while later do
    at = later
    later = string.find(stored, member, at + 1, true)
  end
  return string.sub(stored, 1, at - 1) .. string.sub(stored, at + #member)
end

local function append(names, args)
  local ledger, index, state, quarantine, quarantined = unpack(names)
  local recorded, expected, partition, member = args[1], tonumber(args[2]), args[3], args[4]
  local before = redis.call('HMGET', state, 'head', 'recorded')
  local head, last = tonumber(before[1] or '0'), before[2]
  local keys, contents, leaves = cut(args[5])
  local known = looked_up(index, keys)
  -- A retry of an append whose answer was lost finds the head moved, by itself.
  if expected >= 0 and expected ~= head and not all_recorded(known, keys, contents) then
    return { 'conflict', head }
  end
  if last and tonumber(recorded) < tonumber(last) then
    return { 'clock', last }
  end

  local reply, learnt, first = { 'done', head }, {}, head
  for i, key in ipairs(keys) do
    local content, entry = contents[i], known[key]
    local outcome = 'duplicate'
    if not entry then
      outcome = 'appended'
      head = head + 1
      local sequence = string.format('%d', head)
      redis.call('XADD', ledger, sequence .. '-0',
        'e', args[FIRST + i - 1], 'h', leaves[i], 't', recorded)
      entry = content .. partition .. ':' .. sequence
      known[key] = entry
      learnt[#learnt + 1] = key
      learnt[#learnt + 1] = entry
    elseif string.sub(entry, 1, CONTENT) ~= content then
      outcome = 'quarantined'
      if redis.call('HSETNX', quarantined, key .. content, recorded) == 1 then
        redis.call('XADD', quarantine, '*', 'e', as_sent(args[FIRST + i - 1], member),
          't', recorded, 'first', string.sub(entry, CONTENT + 1))
      end
    end
    reply[#reply + 1] = outcome
    reply[#reply + 1] = string.sub(entry, CONTENT + 1)
  end
  if head > first then
    redis.call('HSET', index, unpack(learnt))
    redis.call('HSET', state, 'head', string.format('%d', head), 'recorded', recorded)
  end
  reply[2] = head
  return reply
end

redis.register_function('tollbook_append_v1', append)
