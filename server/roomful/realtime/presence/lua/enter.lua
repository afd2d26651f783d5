-- Enters connections, and those that are there already again.
-- Arguments: prefix, milliseconds to live; then each entry: channel, client, user and note in one string.
-- Returns the time; then for each entry 1 if it is its person's first connection, otherwise 0.

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
