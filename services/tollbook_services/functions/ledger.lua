#!lua name=tollbook_ledger
-- Appends a batch to one partition, all or nothing: keys looked up once, dense sequences.

-- KEYS: ledger stream, index, state, quarantine stream, quarantined index
-- ARGV: recorded time in microseconds, expected head or -1, the partition, then for each event:
--       key digest, content digest, stored bytes, leaf hash, bytes as sent
-- Returns {'conflict', head}, {'clock', last recorded time} or
--         {'done', head, outcome, position, outcome, position, ...}; an outcome is
--         'appended', 'duplicate' (of that position) or 'quarantined' (against that position),
--         a position '<partition>:<sequence>'. The index is one for all partitions: the same key
--         with another crisis is the same key.
local FIELDS = 5
local FIRST = 4

local function looked_up(index, args)
  local digests = {}
  for i = FIRST, #args, FIELDS do
    digests[#digests + 1] = args[i]
  end
  local found = redis.call('HMGET', index, unpack(digests))
  local known = {}
  for i, digest in ipairs(digests) do
    known[digest] = found[i] or nil
  end
  return known
end

local function all_recorded(known, args)
  for i = FIRST, #args, FIELDS do
    local before, content = known[args[i]], args[i + 1]
    if not before or string.sub(before, 1, #content) ~= content then
      return false
    end
  end
  return true
end

local function append(keys, args)
  local ledger, index, state, quarantine, quarantined = unpack(keys)
  local stored = redis.call('HMGET', state, 'head', 'recorded')
  local head = tonumber(stored[1] or '0')
  local recorded, last = args[1], stored[2]
  local expected = tonumber(args[2])
  local known = looked_up(index, args)
  -- A retry of an append whose answer was lost finds the head moved, by itself.
  if expected >= 0 and expected ~= head and not all_recorded(known, args) then
    return { 'conflict', head }
  end
  if last and tonumber(recorded) < tonumber(last) then
    return { 'clock', last }
  end

  local reply, learnt, first = { 'done', head }, {}, head
  for i = FIRST, #args, FIELDS do
    local key, content = args[i], args[i + 1]
    local before = known[key]
    if not before then
      head = head + 1
      redis.call('XADD', ledger, string.format('%d-0', head),
        'e', args[i + 2], 'h', args[i + 3], 't', recorded)
      before = content .. string.format('%s:%d', args[3], head)
      known[key] = before
      learnt[#learnt + 1] = key
      learnt[#learnt + 1] = before
      reply[#reply + 1] = 'appended'
    elseif string.sub(before, 1, #content) == content then
      reply[#reply + 1] = 'duplicate'
    else
      if redis.call('HSETNX', quarantined, key .. content, recorded) == 1 then
        redis.call('XADD', quarantine, '*', 'e', args[i + 4], 't', recorded,
          'first', string.sub(before, #content + 1))
      end
      reply[#reply + 1] = 'quarantined'
    end
    reply[#reply + 1] = string.sub(before, #content + 1)
  end
  if head > first then
    redis.call('HSET', index, unpack(learnt))
    redis.call('HSET', state, 'head', string.format('%d', head), 'recorded', recorded)
  end
  reply[2] = head
  return reply
end

redis.register_function('tollbook_append', append)
