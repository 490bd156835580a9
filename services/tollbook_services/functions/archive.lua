#!lua name=tollbook_archive_v1
-- What of a partition lies in the archive, and what was therefore taken out of its stream.

-- KEYS: the archive's state, the sealed head. ARGV: ledger, place, size (whole events, verified)
-- Returns {what, size}: 'archived', 'other_ledger', 'beyond' (more than is sealed), or 'short'
-- (another place that has less than was trimmed already).
local function archived(keys, args)
  local size = tonumber(args[3])
  local sealed = redis.call('HMGET', keys[2], 'ledger', 'size')
  if sealed[1] ~= args[1] then
    return { 'other_ledger', '0' }
  end
  if size > tonumber(sealed[2] or '0') then
    return { 'beyond', sealed[2] or '0' }
  end
  local known = redis.call('HMGET', keys[1], 'place', 'size', 'trimmed')
  if known[1] == args[2] and tonumber(known[2]) >= size then
    return { 'archived', known[2] }
  end
  if size < tonumber(known[3] or '0') then
    return { 'short', known[3] }
  end
  redis.call('HSET', keys[1], 'place', args[2], 'size', args[3])
  return { 'archived', args[3] }
end

-- KEYS: the archive's state, the stream, the state of the partition. ARGV: place, upto
-- Takes the events up to a sequence out of the stream: only what the archive has, never the last
-- one. The mark changes with the stream, so that a lost event is never taken for a trimmed one.
-- Returns {what, trimmed}: 'trimmed', or 'not_archived'.
local function trim(keys, args)
  local upto = tonumber(args[2])
  local known = redis.call('HMGET', keys[1], 'place', 'size', 'trimmed')
  local trimmed = known[3] or '0'
  local head = tonumber(redis.call('HGET', keys[3], 'head') or '0')
  if known[1] ~= args[1] or upto > tonumber(known[2]) or upto >= head then
    return { 'not_archived', trimmed }
  end
  if upto > tonumber(trimmed) then
    redis.call('XTRIM', keys[2], 'MINID', '=', string.format('%d-0', upto + 1))
    trimmed = string.format('%d', upto)
    redis.call('HSET', keys[1], 'trimmed', trimmed)
  end
  return { 'trimmed', trimmed }
end

redis.register_function('tollbook_archived', archived)
-- A full engine gets its memory back in this way.
redis.register_function{
  function_name = 'tollbook_trim', callback = trim, flags = { 'allow-oom' }
}
