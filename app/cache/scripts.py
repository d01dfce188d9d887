"""What is done to the cache's keys: each action is one script, however many keys.

A key holds a record, the lease of a reader who fetches it, or the hold of a writer who is about to
commit a change of it. A lease gives way to a hold, so that what was read before a change is not
kept after it; and nobody leases what is held.
"""

# What a value begins with; a record has the mark of its kind.
LEASE, HOLD = b"l", b"h"

# KEYS: wanted. ARGV: the lease to put where there is nothing, and its milliseconds.
# Returns what was there.
READ = """
local found = {}
for first = 1, #KEYS, 1000 do
  local some = redis.call('MGET', unpack(KEYS, first, math.min(first + 999, #KEYS)))
  for i, value in ipairs(some) do
    local key = KEYS[first + i - 1]
    found[#found + 1] = value
    if not value then redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) end
  end
end
return found
"""

# KEYS: leased. ARGV: the lease, the records' milliseconds, then a record for each key.
FILL = """
for i, key in ipairs(KEYS) do
  if redis.call('GET', key) == ARGV[1] then
    redis.call('SET', key, ARGV[i + 2], 'PX', ARGV[2])
  end
end
return 1
"""

# KEYS: about to change. ARGV: the hold, and its milliseconds.
TAKE = """
for _, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'PX', ARGV[2]) end
return 1
"""

# KEYS: changed. ARGV: the hold. Nothing stays but what another writer holds.
RELEASE = f"""
for _, key in ipairs(KEYS) do
  local value = redis.call('GET', key)
  if value and (value == ARGV[1] or value:sub(1, 1) ~= '{HOLD.decode()}') then
    redis.call('UNLINK', key)
  end
end
return 1
"""
