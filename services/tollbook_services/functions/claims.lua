#!lua name=tollbook_claims_v1
-- Who may record a key, in a cluster: a key used with two crises reaches two partitions, whose
-- indexes no call sees together. So it is claimed first, where its digest says, for one of them.
-- A claim is '<partition>' for its first turn, '<partition> <turn>' for a later one.

local KEY = 16

local function read_claim(text)
  local partition, turn = string.match(text, '^(%d+) ?(%d*)$')
  return partition, turn == '' and '1' or turn
end

local function claim_text(partition, turn)
  return turn == '1' and partition or partition .. ' ' .. turn
end

-- KEYS: the claims, the ledger's id. ARGV: the ledger, a partition, keys of 16 bytes.
-- Claims each key for the partition, if nobody has. Returns {'other', id or ''}, or {'done', place,
-- partition, turn, ...} for each key that is another partition's, or not in its first turn.
local function claim(names, args)
  local id = redis.call('HGET', names[2], 'id')
  if id ~= args[1] then
    return { 'other', id or '' }
  end
  local keys, fresh, reply = {}, {}, { 'done' }
  for at = 1, #args[3], KEY do
    keys[#keys + 1] = string.sub(args[3], at, at + KEY - 1)
  end
  for at, found in ipairs(redis.call('HMGET', names[1], unpack(keys))) do
    if not found then
      fresh[#fresh + 1], fresh[#fresh + 2] = keys[at], args[2]
    elseif found ~= args[2] then
      local partition, turn = read_claim(found)
      local place = #reply
      reply[place + 1], reply[place + 2], reply[place + 3] = at, partition, turn
    end
  end
  if #fresh > 0 then
    redis.call('HSET', names[1], unpack(fresh))
  end
  return reply
end

-- KEYS: the claims. ARGV: key, partition and turn of the claim that is there, the partition that
-- has it from now on. Returns {partition, turn} as it stands afterwards.
local function reclaim(names, args)
  local found = redis.call('HGET', names[1], args[1])
  if found ~= claim_text(args[2], args[3]) then
    local partition, turn = read_claim(found or args[4])
    return { partition, turn }
  end
  local turn = string.format('%d', tonumber(args[3]) + 1)
  redis.call('HSET', names[1], args[1], claim_text(args[4], turn))
  return { args[4], turn }
end

-- KEYS: the index of a partition, its voided claims. ARGV: key, turn.
-- Returns the index entry of the key; '' where it has none, and then never records this turn.
local function void(names, args)
  local entry = redis.call('HGET', names[1], args[1])
  if entry then
    return entry
  end
  local before = tonumber(redis.call('HGET', names[2], args[1]) or '0')
  if before < tonumber(args[2]) then
    redis.call('HSET', names[2], args[1], args[2])
  end
  return ''
end

redis.register_function('tollbook_claim', claim)
redis.register_function('tollbook_reclaim', reclaim)
redis.register_function('tollbook_void', void)
