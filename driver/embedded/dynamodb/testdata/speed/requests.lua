-- GetItem or PutItem of items of 1,024 bytes, by wrk. Arguments: the operation and the number
-- of keys. The requests are made before the run begins, so that wrk costs as little as it can.
local requests, next = {}, 0

function init(args)
  local operation, keys = args[1], tonumber(args[2])
  local headers = {
    ["Content-Type"] = "application/x-amz-json-1.0",
    ["X-Amz-Target"] = "DynamoDB_20120810." .. operation,
    ["X-Amz-Date"] = "20260101T000000Z",
    ["Authorization"] = "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260101/us-east-1/dynamodb/aws4_request, "
      .. "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" .. string.rep("0", 64),
  }
  -- "pk" + 8 digits of key, "v" + 1,013 bytes: 1,024 bytes as DynamoDB counts them.
  local value = string.rep("x", 1013)
  for i = 0, keys - 1 do
    local key = string.format('"pk":{"S":"%08d"}', i)
    local body
    if operation == "GetItem" then
      body = '{"TableName":"speed","Key":{' .. key .. "}}"
    else
      body = '{"TableName":"speed","Item":{' .. key .. ',"v":{"S":"' .. value .. '"}}}'
    end
    requests[i + 1] = wrk.format("POST", "/", headers, body)
  end
  math.randomseed(1)
  next = math.random(keys)
end

-- A step that has no divisor in common with the number of keys visits all of them.
function request()
  next = (next + 7919) % #requests
  return requests[next + 1]
end

function done(summary, latency)
  local e = summary.errors
  local failed = e.connect + e.read + e.write + e.status + e.timeout
  io.write(string.format('RESULT {"requests":%d,"us":%d,"failed":%d,"p50_us":%d,"p99_us":%d}\n',
    summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
