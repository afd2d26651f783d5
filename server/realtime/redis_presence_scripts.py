"""What changes the presence list in Redis: each script is one atomic step, whichever node runs it.

Keys, all behind the deployment's prefix:

    clients:{channel}   hash   client -> user, newline, info
    people:{channel}    hash   user -> number of their clients
    expiry              zset   channel, newline, client -> when its node must have entered it again
    away                zset   channel, newline, user -> when they are told to be gone
    farewell            hash   channel, newline, user -> their last client, newline, info
    born                       a token of the list: another one means that the list was lost

Times are Redis's own, in milliseconds: the clocks of the nodes don't matter.
"""

_COMMON = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local prefix = ARGV[1]
local expiry, away, farewell = prefix .. 'expiry', prefix .. 'away', prefix .. 'farewell'

local function keep(key, milliseconds)
  redis.call('PEXPIRE', key, milliseconds)
end

local function split(text)
  local at = string.find(text, '\\n', 1, true)
  return string.sub(text, 1, at - 1), string.sub(text, at + 1)
end

local function drop(channel, client, grace)
  local clients, people = prefix .. 'clients:' .. channel, prefix .. 'people:' .. channel
  local entry = redis.call('HGET', clients, client)
  redis.call('ZREM', expiry, channel .. '\\n' .. client)
  if not entry then return end
  redis.call('HDEL', clients, client)
  local user, info = split(entry)
  if redis.call('HINCRBY', people, user, -1) > 0 then return end
  redis.call('HDEL', people, user)
  redis.call('ZADD', away, now + grace, channel .. '\\n' .. user)
  redis.call('HSET', farewell, channel .. '\\n' .. user, client .. '\\n' .. info)
  keep(away, 3600000)
  keep(farewell, 3600000)
end
"""

ENTER = (
    _COMMON
    + """
local ttl = tonumber(ARGV[2])
local firsts = {}
for i = 3, #ARGV do
  local channel, client, user, info = string.match(ARGV[i], '^([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n(.*)$')
  local clients, people = prefix .. 'clients:' .. channel, prefix .. 'people:' .. channel
  local is_new = redis.call('HSET', clients, client, user .. '\\n' .. info) == 1
  redis.call('ZADD', expiry, now + ttl, channel .. '\\n' .. client)
  local is_first = is_new and redis.call('HINCRBY', people, user, 1) == 1
  if is_first and redis.call('ZREM', away, channel .. '\\n' .. user) == 1 then
    redis.call('HDEL', farewell, channel .. '\\n' .. user)
    is_first = false
  end
  -- A list that no node looks after any more goes by itself.
  keep(clients, 10 * ttl)
  keep(people, 10 * ttl)
  firsts[#firsts + 1] = is_first and 1 or 0
end
keep(expiry, 3600000)
return firsts
"""
)
"""Arguments: prefix, milliseconds to live; then each entry: channel, client, user, info, with a newline between.

Returns 1 or 0 for each.
"""

LEAVE = (
    _COMMON
    + """
for i = 2, #ARGV, 3 do
  drop(ARGV[i], ARGV[i + 1], tonumber(ARGV[i + 2]))
end
"""
)
"""Arguments: prefix; then for each entry channel, client, milliseconds of grace."""

GONE = (
    _COMMON
    + """
local token, grace, limit = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('SET', prefix .. 'born', token, 'NX')
keep(prefix .. 'born', 86400000)
local expired = redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, limit)
for _, member in ipairs(expired) do
  local channel, client = split(member)
  drop(channel, client, grace)
end
local gone = redis.call('ZRANGEBYSCORE', away, '-inf', now, 'LIMIT', 0, limit)
local answer = {redis.call('GET', prefix .. 'born'), math.max(#expired, #gone)}
for _, person in ipairs(gone) do
  local last = redis.call('HGET', farewell, person)
  redis.call('ZREM', away, person)
  redis.call('HDEL', farewell, person)
  if last then
    answer[#answer + 1] = person
    answer[#answer + 1] = last
  end
end
return answer
"""
)
"""Arguments: prefix, token of a new list, milliseconds of grace for what has expired, how many at most.

Returns the list's token, how many were looked at, and for each person gone their key and their farewell.
"""
