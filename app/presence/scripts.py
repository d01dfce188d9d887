"""What is done to leases in Redis: each action is one script, by Redis's own clock.

`presence:online` holds users by the time at which their last lease ends, `presence:{user}` a user's
connections by the time at which each one's ends; `typing:{conversation}` holds who types, until
when. All times are milliseconds. Who comes or goes is published with the change.
"""

ONLINE = "presence:online"
CHANNEL = "presence:changes"

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

# KEYS: presence:online. ARGV: lease in ms, then pairs of user and connection.
RENEW = f"""{_NOW}
local ends, came = now + ARGV[1], {{}}
for i = 2, #ARGV, 2 do
  local user, connection = ARGV[i], ARGV[i + 1]
  local known = redis.call('ZSCORE', KEYS[1], user)
  if not known or tonumber(known) <= now then came[#came + 1] = user end
  redis.call('ZADD', KEYS[1], ends, user)
  local own = 'presence:' .. user
  redis.call('ZADD', own, ends, connection)
  redis.call('ZREMRANGEBYSCORE', own, '-inf', now)
  redis.call('PEXPIRE', own, ARGV[1])
end
if #came > 0 then redis.call('PUBLISH', '{CHANNEL}', table.concat(came, ',')) end
return came
"""

# KEYS: presence:online. ARGV: pairs of user and connection.
RELEASE = f"""{_NOW}
local gone = {{}}
for i = 1, #ARGV, 2 do
  local user, own = ARGV[i], 'presence:' .. ARGV[i]
  redis.call('ZREM', own, ARGV[i + 1])
  local last = redis.call('ZRANGE', own, -1, -1, 'WITHSCORES')
  if last[2] and tonumber(last[2]) > now then
    redis.call('ZADD', KEYS[1], last[2], user)
  elseif redis.call('ZREM', KEYS[1], user) == 1 then
    gone[#gone + 1] = user
  end
end
if #gone > 0 then redis.call('PUBLISH', '{CHANNEL}', table.concat(gone, ',')) end
return gone
"""

# KEYS: presence:online. ARGV: how many at most. Whose leases have all run out goes offline.
REAP = f"""{_NOW}
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
if #gone > 0 then
  redis.call('ZREM', KEYS[1], unpack(gone))
  redis.call('PUBLISH', '{CHANNEL}', table.concat(gone, ','))
end
return gone
"""

# KEYS: presence:online. ARGV: users. For each 1 or 0.
LOOK = f"""{_NOW}
local scores = redis.call('ZMSCORE', KEYS[1], unpack(ARGV))
for i, score in ipairs(scores) do
  scores[i] = (score and tonumber(score) > now) and 1 or 0
end
return scores
"""

# KEYS: presence:online. All who are online.
EVERYBODY = f"""{_NOW}
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')
"""

# KEYS: typing:{conversation}. ARGV: user, time in ms or 0 for no more.
TYPE = f"""{_NOW}
if ARGV[2] == '0' then
  if redis.call('ZREM', KEYS[1], ARGV[1]) == 0 then return 0 end
else
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
redis.call('PUBLISH', KEYS[1], ARGV[1])
return 1
"""

# KEYS: typing:{conversation}. Who types, the last who began first, and ms until one is not renewed.
WHO_TYPES = f"""{_NOW}
local found = redis.call('ZRANGE', KEYS[1], '(' .. now, '+inf', 'BYSCORE', 'WITHSCORES')
local users, first = {{}}, -1
for i = 1, #found, 2 do
  users[#users + 1] = found[i]
  if first < 0 then first = found[i + 1] - now end
end
return {{first, users}}
"""
