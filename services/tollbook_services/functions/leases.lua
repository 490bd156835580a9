#!lua name=tollbook_leases
-- Who works on what: leases with a token that only grows, and the workers that share the work.
-- Time is the engine's alone.

-- A lease that seems to last longer was written before the clock was set back: it has expired.
local LEASE_MS_MAX = 60000

local NOBODY = '-'

local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function now_ms()
  return math.floor(now_us() / 1000)
end

-- What is stored is '<token> <worker> <since> <until>', both in milliseconds.
local function lease_of(key, role)
  local stored = redis.call('HGET', key, role) or ''
  local token, worker, since, till = string.match(stored, '^(%d+) (%S+) (%d+) (%d+)$')
  return {
    token = tonumber(token or '0'), worker = worker or NOBODY,
    since = tonumber(since or '0'), till = tonumber(till or '0'),
  }
end

local function write(key, role, lease)
  local text = '%.0f %s %.0f %.0f'
  redis.call(
    'HSET', key, role, string.format(text, lease.token, lease.worker, lease.since, lease.till)
  )
end

-- Milliseconds that a lease still lasts; 0 where nobody has it.
local function left_ms(lease, now)
  local left = lease.till - now
  if lease.worker == NOBODY or left < 0 or left > LEASE_MS_MAX then
    return 0
  end
  return left
end

local function told(lease, now)
  return {
    string.format('%.0f', lease.token), lease.worker, string.format('%.0f', lease.since),
    left_ms(lease, now),
  }
end

-- KEYS: leases. ARGV: role, worker, milliseconds it is to last.
-- Takes a lease that nobody has, that has expired, or that is the worker's own, with a new token.
-- Where there is none yet, or it got lost, tokens go on from the clock, in microseconds: no lease
-- changes hands so often, so that they grow nevertheless.
-- Returns {1 where it was taken, token, worker, since, milliseconds left}.
local function acquire(keys, args)
  local now, lease = now_ms(), lease_of(keys[1], args[1])
  if lease.worker ~= args[2] and left_ms(lease, now) > 0 then
    return { 0, unpack(told(lease, now)) }
  end
  local token = lease.token == 0 and now_us() or lease.token + 1
  lease = { token = token, worker = args[2], since = now, till = now + tonumber(args[3]) }
  write(keys[1], args[1], lease)
  return { 1, unpack(told(lease, now)) }
end

-- KEYS: leases of several partitions. ARGV: role, worker, milliseconds they are to last, then for
-- each key the token that the worker has it with, '0' for none.
-- Renews those that nobody else took. Returns how each stands: {token, worker, since, left}.
local function renew(keys, args)
  local now, all = now_ms(), {}
  for i, key in ipairs(keys) do
    local lease = lease_of(key, args[1])
    if lease.worker == args[2] and lease.token == tonumber(args[3 + i]) then
      lease.till = now + tonumber(args[3])
      write(key, args[1], lease)
    end
    all[i] = told(lease, now)
  end
  return all
end

-- KEYS: leases of several partitions. ARGV: none. Returns all that there are, of every role:
-- for each key a list of {role, token, worker, since, left}.
local function look(keys)
  local now, all = now_ms(), {}
  for i, key in ipairs(keys) do
    all[i] = {}
    for _, role in ipairs(redis.call('HKEYS', key)) do
      table.insert(all[i], { role, unpack(told(lease_of(key, role), now)) })
    end
  end
  return all
end

-- KEYS: leases. ARGV: role, worker, token. Gives a lease back; its token stays.
-- Returns whether it was the worker's.
local function release(keys, args)
  local lease = lease_of(keys[1], args[1])
  if lease.worker ~= args[2] or lease.token ~= tonumber(args[3]) then
    return 0
  end
  lease.worker, lease.till = NOBODY, 0
  write(keys[1], args[1], lease)
  return 1
end

-- KEYS: workers. ARGV: role, worker, milliseconds until it is forgotten (0: it leaves), what it
-- can work on. Returns the workers of the role: {worker, what it can work on, ...}.
local function announce(keys, args)
  local now, found = now_ms(), {}
  local own = args[1] .. ' ' .. args[2]
  if args[3] == '0' then
    redis.call('HDEL', keys[1], own)
  else
    redis.call('HSET', keys[1], own, string.format('%.0f %s', now + tonumber(args[3]), args[4]))
  end
  local all = redis.call('HGETALL', keys[1])
  for i = 1, #all, 2 do
    local role, worker = string.match(all[i], '^(%S+) (%S+)$')
    local till, wanted = string.match(all[i + 1], '^(%d+) (%S+)$')
    local left = tonumber(till or '0') - now
    if left <= 0 or left > LEASE_MS_MAX then
      redis.call('HDEL', keys[1], all[i])
    elseif role == args[1] then
      table.insert(found, worker)
      table.insert(found, wanted)
    end
  end
  return found
end

-- An engine without memory must not make workers lose what they have.
redis.register_function{
  function_name = 'tollbook_lease_acquire', callback = acquire, flags = { 'allow-oom' }
}
redis.register_function{
  function_name = 'tollbook_lease_renew', callback = renew, flags = { 'allow-oom' }
}
redis.register_function{
  function_name = 'tollbook_lease_release', callback = release, flags = { 'allow-oom' }
}
redis.register_function{
  function_name = 'tollbook_lease_announce', callback = announce, flags = { 'allow-oom' }
}
redis.register_function{
  function_name = 'tollbook_lease_look', callback = look, flags = { 'no-writes' }
}
