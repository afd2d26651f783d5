-- Takes expired connections off the list, and finds the people whose leave is due. One node alone gets each of them.
-- Arguments: prefix, token for a new list, milliseconds of grace for expired connections, how many at most.
-- Returns the time, the list's token, how many were looked at; then for each person their key and their farewell.

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
