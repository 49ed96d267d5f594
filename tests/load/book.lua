-- Books, each request at a place of its own in the evening or at one that is taken: 201 or 409, nothing else. Each of the
-- twenty takes its time, as somebody does who types.
local tokens, threads = {}, {}

function setup(thread)
  thread:set("number", #threads)
  threads[#threads + 1] = thread
end

function init(args)
  for _, token in ipairs(args) do tokens[#tokens + 1] = token end
  wanted, counts, statuses = number * 100000, {}, ""
end

function request()
  wanted = wanted + 1
  local token = tokens[(wanted % #tokens) + 1]
  local day, room, five = 23 + wanted % 5, math.floor(wanted / 5) % 40, math.floor(wanted / 200) % 20
  local from, to = 19 * 60 + five * 5, 19 * 60 + five * 5 + 5
  local time = function(minute) return string.format("2030-09-%02dT%02d:%02d:00-04:00", day, minute / 60, minute % 60) end
  local body = string.format(
    '{"kind":"other","title":"Load %d","room":"r%d","starts_at":"%s","ends_at":"%s","delegations":[],"interpreters":[]}',
    wanted, room, time(from), time(to))
  return wrk.format("POST", "/api/v1/events/week/slots",
    { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }, body)
end

-- Milliseconds before a connection's next request: well below the five seconds after which the server hangs up on whoever
-- says nothing, so that the two do not meet.
function delay()
  return 3000
end

function response(status)
  counts[status] = (counts[status] or 0) + 1
  local all = {}
  for code, count in pairs(counts) do all[#all + 1] = code .. ": " .. count end
  statuses = table.concat(all, ", ")
end

function done(summary, latency)
  for _, thread in ipairs(threads) do print("booking: statuses " .. thread:get("statuses")) end
  print(string.format("booking: %d answers in %.0f s, p50 %.0f ms, p99 %.0f ms, slowest %.0f ms; %d faults of connections",
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    latency.max / 1000, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
