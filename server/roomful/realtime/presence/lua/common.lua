-- The presence list in Redis. This text stands before each of the other scripts. A script is one atomic step, whichever
-- node runs it.
--
-- Keys, all behind the installation's prefix. Channel, client and user are tokens (keyed hashes) of 22 letters each. A
-- note is sealed for its channel, client and user, so that only a node can make one:
--
--     clients:{channel}        hash   client -> user, note that they are there
--     person:{channel}{user}   zset   client -> when its node must have entered it again
--     expiry                   zset   channel, client -> the same
--     away                     zset   channel, user -> when their leave is published
--     farewell                 hash   channel, user -> kind of note, their last client, note
--     born                            a token of the list: another one means that the list was lost
--
-- Anybody else who can write here can take somebody off the list until their node enters them again, and can hold back
-- a join or a leave. Nothing they write is published or makes a script fail: a key of another type is deleted, and a
-- value that is too long is not read.
--
-- Times are Redis's own, in milliseconds: the clocks of the nodes don't matter.

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
