-- Takes connections off the list; a person's leave is due once the grace after their last one is over.
-- Arguments: prefix; then for each entry channel, client, user, milliseconds of grace, note that they leave.
-- Returns the time.

for i = 2, #ARGV, 5 do
  local channel, client, user = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  drop(channel, client, user, tonumber(ARGV[i + 3]), 'L' .. client .. ARGV[i + 4])
end
return {now}
