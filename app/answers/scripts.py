"""What is done to a growing answer in Redis: each action is one script.

`answer:{id}` holds an answer: what is known of it, the run in which it grows, and its text in
UTF-32, so that four bytes are a character wherever one looks. `answers:{conversation}` names the
answer of each sender, and is the channel that tells of them. Both run out together; an answer
without its key was abandoned.
"""

# Little-endian and without a mark at the beginning; and how many bytes a character has.
ENCODING = "utf-32-le"
WIDTH = 4

# What an action comes to, beside the bytes that there are.
DONE, GAP, OTHER, SEALED, GONE, BUSY = range(6)

# KEYS: answer, answers. ARGV: id, sender, run, what is known as JSON, lease in ms.
BEGIN = f"""
local other = redis.call('HGET', KEYS[2], ARGV[2])
if other and other ~= ARGV[1] and redis.call('EXISTS', 'answer:' .. other) == 1 then
  return {{{BUSY}, 0}}
end
local length = redis.call('HSTRLEN', KEYS[1], 'text')
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'known', ARGV[4], 'run', ARGV[3], 'text', '')
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[1])
  redis.call('PUBLISH', KEYS[2], cjson.encode({{begun = ARGV[4], run = ARGV[3]}}))
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return {{{DONE}, length}}
"""

# KEYS: answer, answers. ARGV: offset in bytes, text in UTF-32, the same in UTF-8, lease in ms.
# What is there already may be appended again.
APPEND = f"""
local text = redis.call('HGET', KEYS[1], 'text')
if not text then return {{{GONE}, 0}} end
local from, piece = tonumber(ARGV[1]), ARGV[2]
if from > #text then return {{{GAP}, #text}} end
local there = string.sub(text, from + 1, from + #piece)
if there ~= string.sub(piece, 1, #there) then return {{{OTHER}, #text}} end
if #piece > #there then
  if redis.call('HEXISTS', KEYS[1], 'sealed') == 1 then return {{{SEALED}, #text}} end
  text = text .. string.sub(piece, #there + 1)
  redis.call('HSET', KEYS[1], 'text', text)
  local run = redis.call('HGET', KEYS[1], 'run')
  local told = {{run = run, offset = from / {WIDTH}, text = ARGV[3]}}
  redis.call('PUBLISH', KEYS[2], cjson.encode(told))
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return {{{DONE}, #text}}
"""

# KEYS: answer. Its text, which grows no more; nothing if it is gone.
SEAL = """
local text = redis.call('HGET', KEYS[1], 'text')
if text then redis.call('HSET', KEYS[1], 'sealed', 1) end
return text
"""

# KEYS: answer, answers. ARGV: id, sender, how it ended.
END = """
redis.call('DEL', KEYS[1])
if redis.call('HGET', KEYS[2], ARGV[2]) == ARGV[1] then redis.call('HDEL', KEYS[2], ARGV[2]) end
return redis.call('PUBLISH', KEYS[2], cjson.encode({ended = ARGV[1], outcome = ARGV[3]}))
"""

# KEYS: answers of some conversations. For each a list: what is known, the run, and how many bytes.
LOOK = """
local found = {}
for i, key in ipairs(KEYS) do
  found[i] = {}
  for _, id in ipairs(redis.call('HVALS', key)) do
    local answer = redis.call('HMGET', 'answer:' .. id, 'known', 'run')
    if answer[1] then
      table.insert(found[i], answer[1])
      table.insert(found[i], answer[2])
      table.insert(found[i], redis.call('HSTRLEN', 'answer:' .. id, 'text'))
    end
  end
end
return found
"""
