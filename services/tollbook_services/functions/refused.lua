#!lua name=tollbook_refused
-- Writes a stream anew, so that nothing is left of entries that were deleted from it: the engine
-- only marks these in the block of entries they stand in, also in its files.

-- KEYS: stream, its copy. ARGV: the id that was copied last ('-' at first), entries to copy.
-- Returns the id to go on from, or '' where all were copied and the copy took the stream's place.
local function copy(keys, args)
  local stream, fresh = keys[1], keys[2]
  local first, count = args[1], tonumber(args[2])
  if first == '-' then
    redis.call('DEL', fresh)
  else
    first = '(' .. first
  end
  local entries = redis.call('XRANGE', stream, first, '+', 'COUNT', count)
  for _, entry in ipairs(entries) do
    redis.call('XADD', fresh, entry[1], unpack(entry[2]))
  end
  if #entries == count then
    return entries[count][1]
  end
  if redis.call('EXISTS', fresh) == 1 then
    redis.call('RENAME', fresh, stream)
  else
    redis.call('DEL', stream)
  end
  return ''
end

redis.register_function('tollbook_refused_copy', copy)
