#!lua name=tollbook_ledger_v7
-- Appends a batch to one partition, all or nothing: keys looked up once, dense sequences.
-- Another layout of arguments, keys or reply gets another name, so that a process of the version
-- before meets a function that is missing, never one that misreads it.

-- KEYS: ledger stream, index, state, quarantine stream, quarantined index, the hash with the
--       ledger's id, the hash of published gazetteers, that of published policies, the keys of
--       reports with withheld fields, and in a cluster the voided claims of the partition
-- ARGV: recorded time in microseconds, expected head or -1, the partition, the member that puts
--       the recorded time into an event, the ledger's id, 84 bytes for each event (16 of digest of
--       the key, 32 of the content as sent, 32 of the leaf, its length in 4), then the bytes to
--       store of all events, one after the other, the places (from 1) of gazetteers, '3,17', 69
--       bytes for each decision about the quarantine (its place in 4, 'a' or 'd', the digests of
--       the key and the content it is about, that of the key of the accepted copy), the places of
--       policies, 20 bytes for each redaction (its place in 4, the digest of the key of the
--       event whose withheld fields are destroyed), how many policies the caller knows,
--       '1' where it looked up which of the events have a key, and in a cluster what is known of
--       the claims of some events: their place, their turn, and the index entry of another
--       partition that has the key ('' for none)
-- Returns {'conflict', head}, {'clock', last recorded time}, {'other', id of the ledger or ''},
--         {'look'} where a policy, or the key of a report, may withhold fields of these events,
--         {'void'} where a claim does not hold any more: claim again, or
--         {'done', head before, place, outcome, position, place, outcome, position, ...}: every
--         event was appended, in order, but those at these places (from 1); an outcome is
--         'duplicate' (of that position) or 'quarantined' (against that position), a position
--         '<partition>:<sequence>'. The index is one for all partitions: the same key with
--         another crisis is the same key. In a cluster it is the partition's own, and what another
--         one has is told by the caller, who claimed the keys before.
-- The quarantined index has for each key and content '<recorded>' while they wait, and once they
-- were decided about '<accepted|discarded> <since> <sequence> <position> <recorded>': the first
-- and the last decision, what a retry is a duplicate of, and when the content was put in
-- quarantine, '0' where it never came.
local KEY, CONTENT, LEAF, LENGTH = 16, 32, 32, 4
local DECISION = 4 + 1 + KEY + CONTENT + KEY
local KINDS = { a = 'accepted', d = 'discarded' }

local function number_at(bytes, at)
  local a, b, c, d = string.byte(bytes, at, at + 3)
  return ((a * 256 + b) * 256 + c) * 256 + d
end

local function cut(digests)
  local keys, contents, leaves, lengths = {}, {}, {}, {}
  local count = 0
  for at = 1, #digests, KEY + CONTENT + LEAF + LENGTH do
    count = count + 1
    local content = at + KEY
    local leaf = content + CONTENT
    local length = leaf + LEAF
    keys[count] = string.sub(digests, at, content - 1)
    contents[count] = string.sub(digests, content, leaf - 1)
    leaves[count] = string.sub(digests, leaf, length - 1)
    lengths[count] = number_at(digests, length)
  end
  return keys, contents, leaves, lengths
end

local function cut_decisions(bytes)
  local decisions = {}
  for at = 1, #bytes, DECISION do
    local digests = at + 5
    local copy = digests + KEY + CONTENT
    decisions[number_at(bytes, at)] = {
      kind = KINDS[string.sub(bytes, at + 4, at + 4)],
      about = string.sub(bytes, digests, copy - 1),
      copy = string.sub(bytes, copy, copy + KEY - 1),
    }
  end
  return decisions
end

local function cut_redactions(bytes)
  local redactions = {}
  for at = 1, #bytes, 4 + KEY do
    redactions[number_at(bytes, at)] = string.sub(bytes, at + 4, at + 3 + KEY)
  end
  return redactions
end

local function places_in(text)
  local places = {}
  for place in string.gmatch(text, '%d+') do
    places[tonumber(place)] = true
  end
  return places
end

local function all_recorded(found, contents)
  for i, content in ipairs(contents) do
    local before = found[i]
    if not before or string.sub(before, 1, CONTENT) ~= content then
      return false
    end
  end
  return true
end

-- Takes out again what the ledger put in: the recorded time, and before it who published it where
-- that is known; who it was. What follows the last occurrence of the time holds no bare quotes, and
-- before it stands a member of the envelope as it was sent, the id.
local function as_sent(stored, member)
  local at = string.find(stored, member, 1, true)
  local later = at
  while later do
    at = later
    later = string.find(stored, member, at + 1, true)
  end
  local before, after = string.sub(stored, 1, at - 1), string.sub(stored, at + #member)
  local rest, by = string.match(before, '^(.*),"recordedby":"([^"\\]*)"$')
  return (rest or before) .. after, by
end

-- Keeps another content of a recorded key, once; the outcome, and the position to tell with it.
local function put_aside(names, about, first, stored, args)
  local quarantine, quarantined, state = names[4], names[5], names[3]
  local known = redis.call('HGET', quarantined, about)
  local decided, position, kept = string.match(known or '', '^(%a+ %d+ %d+ (%d+:%d+)) (%d+)$')
  if not known or kept == '0' then
    local recorded = args[1]
    local sent, by = as_sent(stored, args[4])
    redis.call('XADD', quarantine, '*', 'e', sent, 't', recorded, 'first', first,
      unpack(by and { 'by', by } or {}))
    redis.call('HSET', quarantined, about, decided and decided .. ' ' .. recorded or recorded)
    if decided then
      redis.call('HINCRBY', state, 'decided', 1)
    end
  end
  if decided then
    return 'duplicate', position
  end
  return 'quarantined', first
end

-- Notes an appended decision. What was accepted is in the ledger, so that it stays accepted.
local function decide(names, decision, lead, sequence, own)
  local index, state, quarantined = names[2], names[3], names[5]
  local position = lead .. sequence
  local copy = own[decision.copy] or redis.call('HGET', index, decision.copy)
  if decision.kind == 'accepted' and copy then
    position = string.sub(copy, CONTENT + 1)
  end
  local known = redis.call('HGET', quarantined, decision.about)
  local before, since, kept = string.match(known or '', '^(%a+) (%d+) %d+ %d+:%d+ (%d+)$')
  if before == 'accepted' and decision.kind == 'discarded' then
    return
  end
  if known and not before then
    redis.call('HINCRBY', state, 'decided', 1)
  end
  redis.call('HSET', quarantined, decision.about, table.concat(
    { decision.kind, since or sequence, sequence, position, kept or known or '0' }, ' '))
end

-- Whether the caller has to look which fields are withheld: for want of a policy, or because a
-- report that was withheld comes without saying so.
local function must_look(policies, secrets, keys, args)
  if redis.call('HLEN', policies) ~= tonumber(args[12]) then
    return true
  end
  if args[13] == '1' or redis.call('EXISTS', secrets) == 0 then
    return false
  end
  for _, key in ipairs(redis.call('HMGET', secrets, unpack(keys))) do
    if key then
      return true
    end
  end
  return false
end

-- Adds what is known of claims to what the index has; whether all claims hold.
local function claims_hold(voided, args, keys, found)
  local turns = {}
  for at = 14, #args, 3 do
    local place = tonumber(args[at])
    turns[place] = tonumber(args[at + 1])
    if args[at + 2] ~= '' then
      found[place] = found[place] or args[at + 2]
    end
  end
  if voided and redis.call('EXISTS', voided) == 1 then
    for place, turn in ipairs(redis.call('HMGET', voided, unpack(keys))) do
      if turn and not found[place] and tonumber(turn) >= (turns[place] or 1) then
        return false
      end
    end
  end
  return true
end

local function append(names, args)
  local ledger, index, state, _, _, meta, gazetteers, policies, secrets, voided = unpack(names)
  local recorded, expected, partition = args[1], tonumber(args[2]), args[3]
  local keys, contents, leaves, lengths = cut(args[6])
  local id = redis.call('HGET', meta, 'id')
  if id ~= args[5] then
    return { 'other', id or '' }
  end
  if must_look(policies, secrets, keys, args) then
    return { 'look' }
  end
  local before = redis.call('HMGET', state, 'head', 'recorded')
  local head, last = tonumber(before[1] or '0'), before[2]
  local found = redis.call('HMGET', index, unpack(keys))
  if not claims_hold(voided, args, keys, found) then
    return { 'void' }
  end
  -- A retry of an append whose answer was lost finds the head moved, by itself.
  if expected >= 0 and expected ~= head and not all_recorded(found, contents) then
    return { 'conflict', head }
  end
  if last and tonumber(recorded) < tonumber(last) then
    return { 'clock', last }
  end

  local events, at = args[7], 1
  local reply, learnt, own = { 'done', head }, {}, {}
  local lead = partition .. ':'
  local first, known = head, 0
  local gazetteer, policy = places_in(args[8]), places_in(args[10])
  local decisions, redactions = cut_decisions(args[9]), cut_redactions(args[11])
  for i, key in ipairs(keys) do
    local content, entry = contents[i], found[i] or own[key]
    local upto = at + lengths[i] - 1
    if not entry then
      head = head + 1
      local sequence = string.format('%d', head)
      redis.call('XADD', ledger, sequence .. '-0',
        'e', string.sub(events, at, upto), 'h', leaves[i], 't', recorded)
      if gazetteer[i] then
        redis.call('HSET', gazetteers, lead .. sequence, recorded)
      end
      if policy[i] then
        redis.call('HSET', policies, lead .. sequence, recorded)
      end
      if redactions[i] then
        redis.call('HDEL', secrets, redactions[i])
      end
      if decisions[i] then
        decide(names, decisions[i], lead, sequence, own)
      end
      entry = content .. lead .. sequence
      own[key] = entry
      known = known + 2
      learnt[known - 1] = key
      learnt[known] = entry
    else
      local outcome, position = 'duplicate', string.sub(entry, CONTENT + 1)
      if string.sub(entry, 1, CONTENT) ~= content then
        outcome, position =
          put_aside(names, key .. content, position, string.sub(events, at, upto), args)
      end
      local place = #reply
      reply[place + 1], reply[place + 2], reply[place + 3] = i, outcome, position
    end
    at = upto + 1
  end
  if head > first then
    redis.call('HSET', index, unpack(learnt))
    redis.call('HSET', state, 'head', string.format('%d', head), 'recorded', recorded)
  end
  return reply
end

redis.register_function('tollbook_append_v7', append)
