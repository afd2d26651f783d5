-- Takes tokens from buckets that fill by themselves, by Redis's own clock: a key holds when its bucket will be full.
-- Keys: the buckets. Arguments: 1 to make all charges or none; then for each key how many a minute, and how many now.
-- Returns the tokens left in each bucket; a negative number is what is missing.

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local minute = 60000000
local must_have = ARGV[1] == '1'
local full_at, left, is_refused = {}, {}, false
for i, key in ipairs(KEYS) do
  local per_minute, count = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local held = redis.pcall('GET', key)
  held = type(held) == 'string' and tonumber(held) or now
  -- Neither a clock that went back nor what somebody else wrote there lasts longer than two minutes.
  if not (held > now) then held = now end
  if held > now + 2 * minute then held = now + 2 * minute end
  full_at[i] = math.min(math.max(held + count * minute / per_minute, now), now + 2 * minute)
  local tokens = (now + minute - full_at[i]) * per_minute / minute
  left[i] = string.format('%.3f', tokens)
  is_refused = is_refused or (must_have and tonumber(left[i]) < 0)
end
if not is_refused then
  for i, key in ipairs(KEYS) do
    if full_at[i] > now then
      redis.call('SET', key, string.format('%.0f', full_at[i]), 'PX', math.ceil((full_at[i] - now) / 1000))
    else
      redis.call('DEL', key)
    end
  end
end
return left
