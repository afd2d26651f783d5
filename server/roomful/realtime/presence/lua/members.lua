-- Arguments: prefix, channel, how many at most.
-- Returns the time; then for each connection its client and its entry.

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
