"""What changes the presence list in Redis: each script is one atomic step, whichever node runs it.

Keys, all behind the installation's prefix. Channel, client and user are tokens (keyed hashes) of 22 letters each, and a
note is sealed for its channel, client and user, so that nobody but a node makes one:

    clients:{channel}        hash   client -> user, note that they are there
    person:{channel}{user}   zset   client -> when its node must have entered it again
    expiry                   zset   channel, client -> the same
    away                     zset   channel, user -> when they are told to be gone
    farewell                 hash   channel, user -> kind of note, their last client, note
    born                            a token of the list: another one means that the list was lost

Whoever else writes here can take somebody off the list, until their node enters them again, and can keep a join or a
leave back, but nothing that they put here is told or makes a script fail: a key of another type is deleted, what is too
long is not read.

Times are Redis's own, in milliseconds: the clocks of the nodes don't matter.
"""

_COMMON = """
local TOKEN, MAX_NOTE, HOUR = 22, 65536, 3600000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local prefix = ARGV[1]

local function typed(name, kind)
  local key = prefix .. name
  local found = redis.call('TYPE', key).ok
  if found ~= kind and found ~= 'none' then redis.call('DEL', key) end
  return key
end

local expiry, away, farewell = typed('expiry', 'zset'), typed('away', 'zset'), typed('farewell', 'hash')

local function keep(key, milliseconds)
  redis.call('PEXPIRE', key, milliseconds)
end

local function read(key, field)
  local length = redis.call('HSTRLEN', key, field)
  if length > 0 and length <= MAX_NOTE then return redis.call('HGET', key, field) end
end

-- Expired connections count a little longer: they are looked for twice a second, and taken off properly.
local function connections(person)
  redis.call('ZREMRANGEBYSCORE', person, '-inf', now - 10000)
  redis.call('ZREMRANGEBYSCORE', person, now + 60000, '+inf')
  return redis.call('ZCARD', person)
end

local function drop(channel, client, user, grace, note)
  local clients, person = typed('clients:' .. channel, 'hash'), typed('person:' .. channel .. user, 'zset')
  redis.call('ZREM', expiry, channel .. client)
  local there = redis.call('HDEL', clients, client) + redis.call('ZREM', person, client)
  if there == 0 or connections(person) > 0 then return end
  redis.call('ZADD', away, now + grace, channel .. user)
  redis.call('HSET', farewell, channel .. user, note)
  keep(away, HOUR)
  keep(farewell, HOUR)
end
"""

ENTER = (
    _COMMON
    + """
local ttl = tonumber(ARGV[2])
local answer = {now}
for i = 3, #ARGV do
  local channel, client = string.sub(ARGV[i], 1, TOKEN), string.sub(ARGV[i], TOKEN + 1, 2 * TOKEN)
  local user, entry = string.sub(ARGV[i], 2 * TOKEN + 1, 3 * TOKEN), string.sub(ARGV[i], 2 * TOKEN + 1)
  local clients, person = typed('clients:' .. channel, 'hash'), typed('person:' .. channel .. user, 'zset')
  local is_new = redis.call('HSET', clients, client, entry) == 1
  redis.call('ZADD', expiry, now + ttl, channel .. client)
  local is_first = is_new and connections(person) == 0
  redis.call('ZADD', person, now + ttl, client)
  if is_first and redis.call('ZREM', away, channel .. user) == 1 then
    redis.call('HDEL', farewell, channel .. user)
    is_first = false
  end
  -- A list that no node looks after any more goes by itself.
  keep(clients, 10 * ttl)
  keep(person, 10 * ttl)
  answer[#answer + 1] = is_first and 1 or 0
end
keep(expiry, HOUR)
return answer
"""
)
"""Arguments: prefix, milliseconds to live; then each entry: channel, client, user, note, in one.

Returns the time, and 1 or 0 for each.
"""

LEAVE = (
    _COMMON
    + """
for i = 2, #ARGV, 5 do
  local channel, client, user = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  drop(channel, client, user, tonumber(ARGV[i + 3]), 'L' .. client .. ARGV[i + 4])
end
return {now}
"""
)
"""Arguments: prefix; then for each entry channel, client, user, milliseconds of grace, note that they leave.

Returns the time.
"""

GONE = (
    _COMMON
    + """
local token, grace, limit = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local born = typed('born', 'string')
if redis.call('STRLEN', born) ~= #token then redis.call('SET', born, token) end
keep(born, 24 * HOUR)
local expired = redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, limit)
for _, member in ipairs(expired) do
  redis.call('ZREM', expiry, member)
  if #member == 2 * TOKEN then
    local channel, client = string.sub(member, 1, TOKEN), string.sub(member, TOKEN + 1)
    local entry = read(typed('clients:' .. channel, 'hash'), client)
    if entry and #entry > TOKEN then
      drop(channel, client, string.sub(entry, 1, TOKEN), grace, 'E' .. client .. string.sub(entry, TOKEN + 1))
    else
      redis.call('HDEL', prefix .. 'clients:' .. channel, client)
    end
  end
end
local gone = redis.call('ZRANGEBYSCORE', away, '-inf', now, 'LIMIT', 0, limit)
local answer = {now, redis.call('GET', born), math.max(#expired, #gone)}
for _, who in ipairs(gone) do
  local last = read(farewell, who)
  redis.call('ZREM', away, who)
  redis.call('HDEL', farewell, who)
  if last and #who == 2 * TOKEN and connections(typed('person:' .. who, 'zset')) == 0 then
    answer[#answer + 1] = who
    answer[#answer + 1] = last
  end
end
return answer
"""
)
"""Arguments: prefix, token of a new list, milliseconds of grace for what has expired, how many at most.

Returns the time, the list's token, how many were looked at, and for each person gone their key and their farewell.
"""

MEMBERS = (
    _COMMON
    + """
local found = redis.call('HGETALL', typed('clients:' .. ARGV[2], 'hash'))
local limit = tonumber(ARGV[3])
local answer = {now}
for i = 1, #found, 2 do
  if #found[i] == TOKEN and #found[i + 1] > TOKEN and #found[i + 1] <= MAX_NOTE and #answer < 2 * limit then
    answer[#answer + 1] = found[i]
    answer[#answer + 1] = found[i + 1]
  end
end
return answer
"""
)
"""Arguments: prefix, channel, how many at most. Returns the time, and of each connection client and entry."""
