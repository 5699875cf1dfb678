-- wrk: asks for the paths of the file $PATHS in turn, with the token $TOKEN; counts answers that are not 200.
local paths, at = {}, 0
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
local headers = { ["Authorization"] = "Bearer " .. (os.getenv("TOKEN") or "") }
local threads = {}

function setup(thread) threads[#threads + 1] = thread end

function request()
  at = at % #paths + 1
  return wrk.format("GET", paths[at], headers)
end

bad = 0
function response(status) if status ~= 200 then bad = bad + 1 end end

function done(summary, latency)
  local wrong = 0
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("bad") end
  io.write(string.format("RESULT %.0f %.3f %.3f %d\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    wrong + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
